"""A table is read as it says itself, or one sentence asks: no prompt is lost, no header is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.analysis import call_table
from aiml_nb.prompts import as_prompts, read_prompts
from aiml_nb.prompts.table_file import read_rows

from ..export.test_export import make_run

TWO = [("Who, me?", "a"), ("Wé?\nYes; you|.", None)]


def read(folder: Path, content: str | bytes, name: str = "q.csv", **how: Any) -> list[Any]:
    """Return the text and the name of each prompt in a file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(prompt.label, prompt.custom_id) for prompt in read_prompts(path, **how)]


class TestHeader:
    @pytest.mark.parametrize(
        "header",
        [
            *("prompt", "Prompt", "PROMPT", " prompt ", "Prompts", '"prompt"', "question"),
            "Question",
        ],
    )
    def test_a_name_that_prompts_have_is_no_prompt(self, header: str, tmp_path: Path) -> None:
        assert read(tmp_path, f"{header}\nWho?\nWhy?\n") == [("Who?", None), ("Why?", None)]

    @pytest.mark.parametrize(
        "header",
        ["id,prompt", "ID,Prompt", "custom_id,PROMPT", "Custom ID, prompt ", '"id", "prompt"'],
    )
    def test_names_come_from_the_column_for_them(self, header: str, tmp_path: Path) -> None:
        assert read(tmp_path, f"{header}\n7, Who?\n,Why?\n") == [("Who?", "7"), ("Why?", None)]

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            ("Who?\nWhy?\n", "'Who?'"),
            ("frage\nWho?\n", "'frage'"),
            ("1,Who?\n2,Why?\n", "['1', 'Who?']"),
            ("Question, how are you?\nWhy, so?\n", "['Question', 'how are you?']"),
            ("1\tWho?\n", "['1', 'Who?']"),
            ("My prompt\nYour prompt\n", "'My prompt'"),
            ("Prompt me!\nNow.\n", "'Prompt me!'"),
            ("", None),
        ],
    )
    def test_a_first_line_that_may_be_a_prompt_is_asked_about(
        self, content: str, found: str | None, tmp_path: Path
    ) -> None:
        """No prompt is ever taken for a header."""
        with pytest.raises(ValueError, match=r"q\.csv") as caught:
            read(tmp_path, content)

        said = str(caught.value)
        assert found is None or f"begins with {found}: a prompt, or the header?" in said
        assert found is None or "header=False" in said
        assert found is None or "column='" in said
        assert found or "is empty" in said

    def test_what_is_asked_can_be_said(self, tmp_path: Path) -> None:
        single, pair = "Who?\nWhy, so?\n", "1;Who, me?\n2;Why?\n"

        assert read(tmp_path, single, header=False) == [("Who?", None), ("Why, so?", None)]
        assert read(tmp_path, "Who?\nWhy?\n", column="Who?") == [("Why?", None)]
        assert read(tmp_path, single, header=True) == [("Why, so?", None)]
        assert read(tmp_path, pair, header=False, column=2) == [("Who, me?", None), ("Why?", None)]
        assert read(tmp_path, f"nr;frage\n{pair}", column="Frage") == [
            ("Who, me?", None),
            ("Why?", None),
        ]
        assert read(tmp_path, f"nr;frage\n{pair}", header=True, column="2") == [
            ("Who, me?", None),
            ("Why?", None),
        ]

    @pytest.mark.parametrize(
        ("content", "how", "said"),
        [
            ("id,question\n1,Who?\n", {}, "'id', 'question', and none is called 'prompt'."),
            ("id,text,stars\n1,Who is it?,5\n", {}, "column='text', .*--column 'text'"),
            ("id\n1\n", {}, "none is called 'prompt'"),
            ("1,Who?\n", {"header": False}, "2 columns and no header. Say which one"),
            ("1,Who?\n", {"header": False}, r"column=2, .*'.*q\.txt'"),
            ("id,text\n1,Who?\n", {"column": "x"}, "no column 'x'. Give its name, or its number"),
            ("id,text\n1,Who?\n", {"column": 3}, "no column 3. .* from 1 to 2"),
            ("prompt,prompt\na,b\n", {}, "number 1 and 2 are both called 'prompt'.*column=1"),
            ("Prompt,PROMPT\na,b\n", {}, "are both called 'Prompt'"),
            ("id,ID,prompt\na,b,c\n", {"column": "prompt"}, "^$"),
            ("id,id,prompt\na,b,c\n", {}, "more than one is called 'id'"),
            ("prompt\n", {}, "'prompt', and no line below them"),
            ("id,prompt\r\n,\r\n", {}, "no line below them"),
        ],
    )
    def test_a_header_that_is_not_enough_is_quoted_with_what_to_type(
        self, content: str, how: dict[str, Any], said: str, tmp_path: Path
    ) -> None:
        if said == "^$":  # one of two that differ in case is meant exactly
            assert read(tmp_path, content, **how) == [("c", "a")]
            return
        with pytest.raises(ValueError, match=said):
            read(tmp_path, content, **how)

    def test_header_and_column_are_for_tables(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"for tables, and '.*q\.jsonl' is none"):
            read(tmp_path, '{"prompt": "Who?"}\n', "q.jsonl", column="prompt")


class TestDelimiter:
    @pytest.mark.parametrize("name", ["q.csv", "q.tsv", "q.txt"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_is_found_by_the_header(self, delimiter: str, name: str, tmp_path: Path) -> None:
        rows = [["id", "prompt"], ["a", '"Who, me?"'], ["", '"Wé?\nYes; you|."']]
        content = "\n".join(map(delimiter.join, rows))

        assert read(tmp_path, content, name) == TWO
        assert read(tmp_path, f"sep={delimiter}\r\n{content}", "q.csv") == TWO

    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    def test_is_found_by_rows_of_one_length(self, delimiter: str, tmp_path: Path) -> None:
        content = f"1{delimiter}Who, me?\n2{delimiter}Why?\n"

        assert read(tmp_path, content, header=False, column=2) == [
            ("Who, me?", None),
            ("Why?", None),
        ]

    def test_that_may_be_two_is_asked_about(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"may be a comma or a semicolon.*id;prompt"):
            read(tmp_path, "1;Who, me?\n2;Why, so?\n", header=False, column=2)

    def test_a_column_by_itself_has_none(self, tmp_path: Path) -> None:
        assert read(tmp_path, "prompt\nMe, or you?\n", "q.tsv") == [("Me, or you?", None)]


class TestRows:
    def test_blank_ones_are_passed_over_and_short_ones_have_what_they_have(
        self, tmp_path: Path
    ) -> None:
        content = "prompt,topic\nWho?,,,\n\n,\nWhy?\nWhen?,x\n"

        assert [text for text, _ in read(tmp_path, content)] == ["Who?", "Why?", "When?"]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (",x", "Line 4 of .* has no prompt in its column"),
            (" ,x", "Line 4 of .* has no prompt in its column"),
            ("Me, or you?,x", "Line 4 of .* more fields than the header, which has 2"),
            ('"Who said "Hi"?,x', 'Line 4 of .* is not a line of a table.*"Say ""hello""'),
            ('"Hello" means?,x', "Line 4 of .* is not a line of a table"),
            ('"Never closed,x\nWhy?,y', "Line 4 of .* is not a line of a table"),
        ],
    )
    def test_a_wrong_one_gets_its_first_line_and_a_sentence(
        self, line: str, said: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ValueError, match=said):
            read(tmp_path, f'prompt,id\n"Two\nlines?",a\n{line}\n')

    def test_one_with_a_misplaced_quote_takes_no_other_with_it(self, tmp_path: Path) -> None:
        lines = ["id;review", "1;Good", '2;"Never', '3;"Two\nlines"', '4;"a 5" pipe"', "5;Fine"]
        file = tmp_path / "q.csv"
        file.write_text("\n".join(lines))
        told: list[str] = []

        rows = read_rows(file, ["review"]).rows
        good = read_prompts(file, column="review", on_bad=told.append)

        assert [(row.place, row.cells["review"]) for row in rows if not row.problem] == [
            ("2", "Good"), ("4", "Two\nlines"), ("7", "Fine")
        ]  # fmt: skip
        assert [(row.place, row.cells["id"]) for row in rows if row.problem] == [
            ("3", "2"), ("6", "4")
        ]  # fmt: skip
        assert {row.problem for row in rows} == {
            None, 'a misplaced quote (in a field each is written twice: "Say ""hello""")'
        }  # fmt: skip
        assert [each.label for each in good] == ["Good", "Two\nlines", "Fine"]
        assert [each.partition(" of ")[0] for each in told] == ["Line 3", "Line 6"]

    def test_a_header_with_a_misplaced_quote_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "q.csv"
        file.write_text('"re"view,id\nGood,1\n')

        with pytest.raises(ValueError, match=r"Line 1 of .* is not a line of a table"):
            read_rows(file, ["review"])

    def test_quotes_and_line_breaks_stay_in_their_field(self, tmp_path: Path) -> None:
        content = 'prompt\n"He said ""hi""."\r\n"Two\r\nlines?"\rHe said "ho".\n'

        assert [text for text, _ in read(tmp_path, content)] == [
            *('He said "hi".', "Two\r\nlines?", 'He said "ho".')
        ]


class TestEncoding:
    CONTENT = 'id,prompt\na,"Who, me?"\n,"Wé?\nYes; you|."\n'

    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
    )
    def test_is_found_out(self, encoding: str, tmp_path: Path) -> None:
        assert read(tmp_path, self.CONTENT.encode(encoding)) == TWO
        assert read(tmp_path, "\ufeffWhö?\n".encode("utf-16-be"), "q.txt") == [("Whö?", None)]
        assert read(tmp_path, '"Whö?"\n'.encode("utf-16"), "q.jsonl") == [("Whö?", None)]

    @pytest.mark.parametrize("name", ["q.csv", "q.jsonl", "q.txt"])
    def test_that_cannot_be_found_out_is_asked_for_with_what_it_would_be(
        self, name: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ValueError, match=r"line 3 is not UTF-8.*'.*Wé\?'.*encoding='cp1252'"):
            read(tmp_path, self.CONTENT.encode("cp1252"), name)

    def test_may_be_said(self, tmp_path: Path) -> None:
        assert read(tmp_path, self.CONTENT.encode("cp1252"), encoding="cp1252") == TWO
        with pytest.raises(ValueError, match="cannot be read: it is not ascii"):
            read(tmp_path, self.CONTENT, encoding="ascii")
        with pytest.raises(ValueError, match=r"encoding 'cp9' is none that Python knows.*'cp1252'"):
            read(tmp_path, self.CONTENT, encoding="cp9")

    def test_a_workbook_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"an Excel workbook.*Rename it 'q\.xlsx'"):
            read(tmp_path, b"PK\x03\x04\xff\xfe\x00")

    @pytest.mark.parametrize(
        "text",
        [
            "Größe: schön, für Öl. „Über“ Straße – außen, müde, Gänse, Füße, süß, öde, Maß",
            "L’été à la mer… « déjà vu », garçon, naïve, où, œuvre, très, après, même, forêt",
            "mañana, año, niño, ¿qué?, ¡sí!, corazón, inglés, jamás, túnel, pingüino, así, más",
            "não, coração, três, avô, já, lição, ações, à noite, você, irmã, mãe, pão, é, são",
            "Å være på øya, blåbær, æra, smørbrød, for sjøen går båten, grønn, blå, språk, nå",
        ],
    )
    def test_windows_is_found_out_where_the_letters_are_those_of_a_language(
        self, text: str, tmp_path: Path
    ) -> None:
        content = f'id,prompt\na,"{text}"\n'

        assert read(tmp_path, content.encode("cp1252")) == [(text, "a")]

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, řeka, člověk, večeře"),
            ("cp1250", "Zażółć gęślą jaźń, później, łąka, książka, być, dzień, róża"),
            ("cp1250", "Őrült nő, fűtő, tűz, hűvös, erdő, idő, bőr, gyűrű, kő, jövő"),
            ("cp1250", "Četrtek, žena, šola, člen, več, čas, oče, hiša, življenje, učenec"),
            ("cp1251", "Съешь же ещё этих мягких французских булок, да выпей чаю"),
            ("cp1253", "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί"),
            ("cp1254", "Işık, ağaç, şeker, ılık, dağ, kış, yağmur, çiçek, güneş, değil"),
            ("cp1257", "Ąžuolas, ėjo, šuo, žiema, ūkis, įdomus, ačiū, gražus, širdis"),
            ("cp850", "Größe: schön, für Öl, Straße, außen, müde, Gänse, Füße, süß, öde"),
            ("mac_roman", "Größe: schön, für Öl, Straße, außen, müde, Gänse, Füße, süß, öde"),
            ("cp437", "été, déjà, garçon, naïve, où, très, après, même, forêt, élève"),
            ("shift_jis", "吾輩は猫である。名前はまだ無い。どこで生れたか見当がつかぬ。"),
            ("gb18030", "敏捷的棕色狐狸跳过了懒狗,然后回家睡觉去了。"),
        ],
    )
    def test_others_are_never_taken_for_windows(
        self, encoding: str, text: str, tmp_path: Path
    ) -> None:
        content = f'id,prompt\na,"{text}"\n'.encode(encoding)

        with pytest.raises(ValueError, match=r"cannot be read|is not UTF-8"):
            read(tmp_path, content)
        assert read(tmp_path, content, encoding=encoding) == [(text, "a")]


def test_our_own_results_can_be_read_as_prompts(tmp_path: Path) -> None:
    run = make_run(1.0, 2.0)
    path = nb.to_csv(run, tmp_path / "x.csv", texts=True)

    found = as_prompts(path)

    assert [prompt.label for prompt in found] == call_table(run)["prompt"].tolist()
    assert [prompt.custom_id for prompt in found] == ["call-0", "call-1"]


@pytest.mark.parametrize(
    ("begin", "name"),
    [(b"PK\x03\x04", "Excel"), (b"PAR1\x15", "Parquet"), (b"\x1f\x8b\x08", "gzip")],
)
def test_what_is_no_text_is_not_read_as_one(tmp_path: Path, begin: bytes, name: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(begin + b"prompt\n\xe9\n")

    for encoding in (None, "cp1252"):
        with pytest.raises(ValueError, match=rf"it is .*{name}.*\. [SRU]"):
            read_prompts(path, encoding=encoding)
