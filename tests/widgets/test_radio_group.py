"""A question as a native group, and the hidden buttons by which the page tells what was chosen."""

from __future__ import annotations

import re

from aiml_nb.widgets.radio_group import RadioGroup


def press(group: RadioGroup, number: int) -> None:
    """Choose an answer as the page does: it presses a button that nobody sees."""
    group.children[1].children[number].click()


def test_it_is_a_group_with_the_question_as_its_name_and_all_is_text():
    group = RadioGroup("Which <i>first</i>?", ["<b>long</b>", "short"])
    page = group.children[0].value

    assert "<legend>Which &lt;i&gt;first&lt;/i&gt;?</legend>" in page
    assert page.startswith("<fieldset")
    assert "&lt;b&gt;long" in page
    assert page.count('type="radio"') == 2
    assert "checked" not in page
    assert len(set(re.findall(r' name="([^"]+)"', page))) == 1


def test_two_groups_do_not_share_their_choice():
    names = [re.findall(r' name="([^"]+)"', RadioGroup("?", ["a", "b"]).children[0].value)[0]
             for _ in range(2)]  # fmt: skip

    assert names[0] != names[1]


def test_a_press_chooses_and_leaves_the_page_where_the_focus_is():
    group, heard = RadioGroup("?", ["a", "b"]), []
    group.observe(lambda change: heard.append(change["new"]), names="value")
    before = group.children[0].value

    press(group, 1)
    press(group, 0)

    assert (heard, group.value) == (["b", "a"], "a")
    assert group.children[0].value == before


def test_what_is_chosen_from_code_is_shown_on_the_page():
    group = RadioGroup("?", ["a", "b"])

    group.value = "b"

    assert re.findall(r'value="(\d)" checked', group.children[0].value) == ["1"]
    group.value = None
    assert "checked" not in group.children[0].value
