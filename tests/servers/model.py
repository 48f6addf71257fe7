"""A model of random weights, some hundred kilobytes: nothing is downloaded, and words come out.

Feature 0 of every token's vector is the same large number, and no layer writes to it: what the last
matrix has in its column 0 is then a bias for each token. So words are likely, the end of the answer
comes about once in `MEAN_LENGTH` of them, and nothing else comes unless a grammar asks for it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, TokenType

from .vocabulary import CONTEXT, MARKS, TEMPLATE, THINKING_ENDS, THINKING_TEMPLATE, WORDS

MEAN_LENGTH = 40
WIDTH, LAYERS, HEADS = 64, 2, 4
CONSTANT = 8.0
UNLIKELY = -14.0


def write_model(path: Path, *, thinks: bool = False) -> None:
    """Write the model to `path`; one that thinks ends its thought as often as its answer."""
    vocabulary = _list_tokens()
    writer = GGUFWriter(str(path), "llama")
    _add_sizes(writer, len(vocabulary))
    _add_tokenizer(writer, vocabulary, THINKING_TEMPLATE if thinks else TEMPLATE)
    likely = [f"▁{word}" for word in WORDS]
    ends = ["</s>", THINKING_ENDS] if thinks else ["</s>"]
    once_in = math.log(len(WORDS) / MEAN_LENGTH)
    biases = dict.fromkeys(likely, 0.0) | dict.fromkeys(ends, once_in)
    for name, tensor in _draw_tensors(
        [biases.get(token, UNLIKELY) for token in vocabulary]
    ).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _list_tokens() -> dict[str, TokenType]:
    """Return every token: its bytes, so that any text can be read, and the words."""
    control = TokenType.CONTROL
    tokens = {"<unk>": TokenType.UNKNOWN, "<s>": control, "</s>": control}
    tokens |= {f"<0x{byte:02X}>": TokenType.BYTE for byte in range(256)}
    tokens |= {"<|im_start|>": control, "<|im_end|>": control}
    tokens |= dict.fromkeys(MARKS, TokenType.USER_DEFINED)
    # A word is put together from its beginnings, letter by letter.
    tokens |= {chr(code): TokenType.NORMAL for code in range(33, 127)}
    for word in (f"▁{word}" for word in WORDS):
        tokens |= {word[:end]: TokenType.NORMAL for end in range(1, len(word) + 1)}
    return tokens


def _add_sizes(writer: GGUFWriter, vocabulary: int) -> None:
    writer.add_name("words at random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(vocabulary)


def _add_tokenizer(writer: GGUFWriter, vocabulary: dict[str, TokenType], template: str) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([token.encode() for token in vocabulary])
    writer.add_token_scores([float(len(token)) for token in vocabulary])
    writer.add_token_types([int(kind) for kind in vocabulary.values()])
    names = list(vocabulary)
    writer.add_unk_token_id(names.index("<unk>"))
    writer.add_bos_token_id(names.index("<s>"))
    writer.add_eos_token_id(names.index("</s>"))
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)


def _draw_tensors(biases: list[float]) -> dict[str, Any]:
    random = np.random.default_rng(7)

    def draw(*shape: int, scale: float = WIDTH**-0.5) -> Any:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    embedding = draw(len(biases), WIDTH, scale=1.0)
    embedding[:, 0] = CONSTANT
    output = draw(len(biases), WIDTH, scale=0.1)
    normed = CONSTANT / math.sqrt(1 + CONSTANT**2 / WIDTH)  # what the last norm leaves of it
    output[:, 0] = np.array(biases) / normed
    ones = np.ones(WIDTH, np.float32)
    tensors = {"token_embd.weight": embedding, "output_norm.weight": ones, "output.weight": output}
    for layer in range(LAYERS):
        down, attended = draw(WIDTH, 2 * WIDTH), draw(WIDTH, WIDTH)
        down[0], attended[0] = 0, 0
        block = {"attn_norm": ones, "ffn_norm": ones, "attn_output": attended, "ffn_down": down}
        block |= {name: draw(WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v")}
        block |= {name: draw(2 * WIDTH, WIDTH) for name in ("ffn_gate", "ffn_up")}
        tensors |= {f"blk.{layer}.{name}.weight": weight for name, weight in block.items()}
    return tensors
