"""The encoding of a file: said by its first bytes, or Windows-1252 where nothing else is likely.

Windows-1252 reads almost any bytes, so that it fits says little. It is taken without asking only if
what it reads is long enough, and in the letters of one of the languages that are written with it:
Polish, Czech, Russian or a file of the DOS prompt give letters that no such language has together.
"""

from __future__ import annotations

import codecs
import re

WINDOWS = "cp1252"
# Byte order marks that Windows programs write; longest first, since UTF-16's begins UTF-32's.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ALPHABETS = {
    "English": "é",
    "German": "äöüßé",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Spanish and Catalan": "áàçéèíïñóòúü",
    "Portuguese": "áâãàçéêíóôõúü",
    "Italian": "àèéìíîòóùú",
    "Danish, Norwegian, Swedish and Finnish": "åäæéöø",
    "Dutch": "áéèëïíóöúü",
}
_MARKS = frozenset("‘’“”„‚‹›«»–—…•€£¥§©®™°´·¡¿ºª²³½¼×\xa0")
# A mark that stands within a word is most likely a letter of another encoding.
_WITHIN_WORD = re.compile(r"[^\W\d_][“”„‚‹›«»…•€£¥§©®™¡¿ºª²³½¼×][^\W\d_]")
_MIN_LETTERS = 10


def find_encoding(data: bytes) -> str:
    """Return the encoding that the bytes tell; UTF-8 if they tell nothing."""
    by_mark = (encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if data.startswith(mark))
    # Without a mark: in UTF-16 every other byte of ASCII text is 0.
    by_zeros = {(False, True): "utf-16-le", (True, False): "utf-16-be"}
    pair = (data[:1] == b"\0", data[1:2] == b"\0")
    found = next(by_mark, None) or by_zeros.get(pair)
    return found or (WINDOWS if _is_windows(data) else "utf-8-sig")


def _is_windows(data: bytes) -> bool:
    """Say whether bytes that are not UTF-8 are Windows-1252, and certainly so."""
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return False
    try:
        text = data.decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    high = [each for each in text if each > "\x7f"]
    letters = {each.lower() for each in high} - _MARKS
    if len([each for each in high if each not in _MARKS]) < _MIN_LETTERS:
        return False
    is_known = any(letters <= set(alphabet) for alphabet in _ALPHABETS.values())
    return is_known and not _WITHIN_WORD.search(text)
