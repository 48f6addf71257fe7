from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.simulator import Settings
from aiml_nb.simulator.model.answers import find_answer
from aiml_nb.simulator.model.prompts import Prompt, split_tokens

from ..caller import LONG, SHORT

any_text = st.text(st.characters(codec=None, exclude_categories=()))


@given(any_text)
def test_the_tokens_of_any_text_joined_are_the_text(text):
    assert "".join(split_tokens(text)) == text


@given(any_text)
def test_any_text_can_be_asked_and_has_the_same_answer_again(text):
    prompt = Prompt.from_text(text)

    assert find_answer(prompt, Settings()) == find_answer(Prompt.from_text(text), Settings())


def test_a_token_is_about_four_characters():
    for question in (LONG, "any other"):
        answer = find_answer(Prompt.from_text(question), Settings())

        assert 3.3 < len("".join(answer.tokens)) / len(answer.tokens) < 4.7


def test_parts_of_text_are_the_same_question():
    parts = [{"type": "text", "text": SHORT}, {"type": "image_url", "image_url": {"url": "x"}}]

    assert Prompt.from_messages([{"role": "user", "content": parts}]).text == SHORT


def test_the_question_is_the_last_one_a_user_asked():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": SHORT},
        {"role": "assistant", "content": None},
    ]

    assert Prompt.from_messages(messages).text == SHORT
    assert Prompt.from_messages(messages).key != Prompt.from_text(SHORT).key


def test_the_long_answer_names_five_players_and_the_short_one_is_right():
    long, short = (
        "".join(find_answer(Prompt.from_text(question), Settings()).tokens)
        for question in (LONG, f"  {SHORT.upper()}\n")
    )

    assert [f"{n}. **" in long for n in range(1, 7)] == [True] * 5 + [False]
    assert short == "2 + 2 = 4."


def test_a_made_up_answer_says_so_and_has_a_length_within_bounds():
    settings = Settings(shortest_answer=40, longest_answer=60)
    for number in range(50):
        answer = find_answer(Prompt.from_text(f"question {number}"), settings)

        assert "".join(answer.tokens).startswith("This answer is simulated")
        assert 40 <= len(answer.tokens) <= 60 + 20, "the last sentence is not cut"
