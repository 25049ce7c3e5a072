"""How the texts of a step are shown: no text fails, none is lost, none freezes the view."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.trajectory import ByteSpan, Step, StepBody, ToolBody
from workbench.gui.traces.viewer.renderers import RENDERERS
from workbench.gui.traces.viewer.renderers.content import (
    LONGEST_LINE,
    MOST_CHARACTERS,
    MOST_LINES,
    MOST_RUNS,
    Content,
    Role,
    Run,
    TextRenderer,
    cut_text,
    displayable,
    fitting,
    show,
)
from workbench.gui.traces.viewer.renderers.json_text import JsonRenderer
from workbench.gui.traces.viewer.renderers.raw import RawRenderer
from workbench.gui.traces.viewer.step_page import View, page_of

ROLES: tuple[Role, ...] = ("text", "reasoning", "arguments", "observation", "record")


def best(text: str, role: Role = "observation", tool: str = "") -> str:
    return fitting(Content(text, role, tool), RENDERERS)[0].id


@pytest.mark.parametrize(
    ("text", "role", "tool", "expected"),
    [
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "observation", "", "diff"),
        ('{"a": [1, 2]}', "observation", "", "json"),
        ("\x1b[31mred\x1b[0m", "observation", "", "terminal"),
        ("total 4\n", "observation", "Bash", "terminal"),
        ("plain words", "observation", "", "raw"),
        ("# Heading\n", "text", "", "markdown"),
        ('{"command": "ls"}', "arguments", "Bash", "arguments"),
        ('{"file_path": "a", "old_string": "x", "new_string": "y"}', "arguments", "Edit", "diff"),
        ('{"broken": ', "observation", "", "raw"),
        ("a - b\n+ c\n", "observation", "", "raw"),
    ],
)
def test_the_fitting_renderer_is_chosen(text: str, role: Role, tool: str, expected: str) -> None:
    assert best(text, role, tool) == expected


def test_a_chosen_renderer_wins() -> None:
    shown = show(Content('{"a": 1}', "observation"), RENDERERS, chosen="raw")
    assert shown.renderer == "raw"
    assert shown.text == '{"a": 1}'


class Broken(TextRenderer):
    id = "broken"
    title = "Broken"

    def fit(self, content: Content) -> float:
        return 1.0

    def prettify(self, content: Content) -> str:
        raise KeyError("nothing")

    def colour(self, text: str) -> Sequence[Run]:
        return ()


class Unfit(Broken):
    def fit(self, content: Content) -> float:
        raise ValueError("no idea")


def test_a_renderer_that_fails_gives_way_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    shown = show(Content("words", "observation"), (Broken(), RawRenderer()))
    assert (shown.renderer, shown.text) == ("raw", "words")
    assert "Broken" in shown.problem
    assert "KeyError" in shown.problem


def test_a_renderer_that_cannot_even_tell_is_left_out() -> None:
    shown = show(Content("words", "observation"), (Unfit(), RawRenderer()))
    assert (shown.renderer, shown.text, shown.problem) == ("raw", "words", "")


@given(st.text(), st.sampled_from(ROLES), st.sampled_from(["", "Bash", "Edit"]))
def test_any_text_is_shown_without_failing(text: str, role: Role, tool: str) -> None:
    for renderer in RENDERERS:
        shown = show(Content(text, role, tool), RENDERERS, chosen=renderer.id)
        assert shown.markdown is not None or shown.runs is not None
        if not text.startswith(("{", "[")):
            for_some = ("arguments", "json", "json-tree", "table")
            assert shown.problem == "" or renderer.id in for_some


@given(st.text())
def test_raw_shows_every_character(text: str) -> None:
    shown = show(Content(text, "observation"), (RawRenderer(),))
    assert len(shown.text) >= len(text.replace("\r\n", "\n"))
    assert not any(ord(one) < 32 and one not in "\n\t" for one in shown.text)


def test_long_text_is_cut_and_says_how_much() -> None:
    for text in ("a longer line of words\n" * 50_000, "x\n" * 50_000):
        shown = show(Content(text, "observation"), RENDERERS)
        assert len(shown.text) <= MOST_CHARACTERS
        assert shown.text.count("\n") <= MOST_LINES
        assert len(shown.text) + shown.after == len(text)
        assert not shown.whole


def test_colours_of_a_long_tail_are_left_out_and_no_text_is() -> None:
    text = json.dumps([{"k": number} for number in range(1_500)])
    shown = show(Content(text, "observation"), RENDERERS)
    assert shown.renderer == "json"
    assert len(shown.runs) == MOST_RUNS + 1
    whole = JsonRenderer().prettify(Content(text, "observation"))
    assert whole.startswith(shown.text)
    assert len(shown.text) + shown.after == len(whole)


def test_a_long_line_is_cut_to_what_can_be_laid_out() -> None:
    part, before, after, cut = cut_text("a" * 50_000 + "\nend", MOST_CHARACTERS)
    assert part == "a" * LONGEST_LINE + "\nend"
    assert (before, after, cut) == (0, 0, 1)


@pytest.mark.parametrize("at", [0, 5, 60_000, 140_000, 299_990])
def test_a_cut_keeps_the_place_that_was_asked_for(at: int) -> None:
    text = "".join(f"{number:06}\n" for number in range(50_000))[:300_000]
    wanted = text[at : at + 7]
    part, *_ = cut_text(text, 50_000, at)
    assert wanted in part
    line = "x" * 200_000 + "HERE" + "y" * 200_000
    assert "HERE" in cut_text(line, 50_000, 200_000)[0]


def test_terminal_colours_and_overwritten_lines() -> None:
    text = "\x1b[1;31mfailed\x1b[0m ok\n10%\r50%\r100%\ndone \x1b[38;5;196mx\x1b[2K\n"
    shown = show(Content(text, "observation"), RENDERERS, chosen="terminal")
    assert shown.text == "failed ok\n100%\ndone x\n"
    first = shown.runs[0]
    assert (first.text, first.token, first.bold) == ("failed", "error", True)


def test_json_keeps_digits_and_double_keys() -> None:
    text = '{"n": 12345678901234567890.10, "a": 1, "a": 2}'
    shown = show(Content(text, "observation"), RENDERERS)
    assert "12345678901234567890.10" in shown.text
    assert shown.text.count('"a"') == 2


def test_arguments_show_the_text_the_tool_gets() -> None:
    text = json.dumps({"command": 'printf "a\\n"\necho done', "timeout": 5})
    shown = show(Content(text, "arguments", "Bash"), RENDERERS)
    assert shown.text == 'command:\nprintf "a\\n"\necho done\ntimeout: 5'


def test_an_edit_is_shown_as_lines_taken_out_and_put_in() -> None:
    text = json.dumps({"file_path": "a.py", "old_string": "a\nb\nc", "new_string": "a\nB\nc"})
    shown = show(Content(text, "arguments", "Edit"), RENDERERS)
    assert shown.text == "*** a.py\n a\n-b\n+B\n c"
    grounds = {run.text.strip(): run.ground for run in shown.runs}
    assert grounds["-b"] == "remove_background"
    assert grounds["+B"] == "add_background"


def test_signs_that_turn_text_around_are_made_visible() -> None:
    assert displayable("a\u202eb\x00c\x07") == "a\\u202eb\u2400c\u2407"


# Pages


def step_with(*calls: ToolBody, text: str = "", reasoning: str = "") -> tuple[Step, StepBody]:
    step = Step(0, "u", "agent", "", (ByteSpan(0, 0, 1),))
    return step, StepBody(0, text, reasoning, calls)


def test_a_page_has_the_parts_of_a_step_in_order() -> None:
    step, body = step_with(
        ToolBody("1", "Bash", '{"command": "ls"}', "error", 2, "no such file"),
        text="Let me look.",
        reasoning="I should look.",
    )
    page = page_of(step, body, View())
    assert [block.id for block in page.blocks] == [
        "reasoning",
        "text",
        "0:arguments",
        "0:observation",
    ]
    assert page.blocks[0].folded
    head = page.calls["1"]
    assert (head.status, head.tone, head.detail) == ("failed", "error", "exit 2")


def test_a_quote_unfolds_its_block_and_is_where_it_says() -> None:
    step, body = step_with(
        ToolBody("1", "Bash", json.dumps({"command": "a\nb 'c'"}), "ok", 0, "x" * 150_000 + "END"),
        reasoning="because of THIS",
    )
    for quote, block_id in (
        ("b 'c'", "0:arguments"),
        ("END", "0:observation"),
        ("THIS", "reasoning"),
    ):
        page = page_of(step, body, View(quote=quote), quoted=ByteSpan(0, 0, 1))
        found = [block for block in page.blocks if block.at >= 0]
        assert [block.id for block in found] == [block_id]
        block = found[0]
        assert not block.folded
        assert block.shown.text[block.at : block.at + page.quote_length] == quote


def test_a_quote_that_is_only_in_the_record_shows_the_record() -> None:
    step, body = step_with(text="words")
    page = page_of(
        step,
        body,
        View(quote='"cwd":"/x"'),
        records=('{"cwd":"/x","text":"words"}',),
        quoted=ByteSpan(0, 1, 10),
    )
    assert page.blocks[-1].content.role == "record"
    assert page.blocks[-1].at == 1


def test_many_long_results_share_the_room() -> None:
    calls = [ToolBody(str(n), "Bash", "{}", "ok", 0, "y\n" * 100_000) for n in range(20)]
    step, body = step_with(*calls)
    page = page_of(step, body, View())
    assert sum(len(block.shown.text) for block in page.blocks) < 2 * MOST_CHARACTERS
    assert all(block.shown.text for block in page.blocks)
