"""A Markdown file before and after, block beside block."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import edited, make_library, proposal_on
from workbench.review.hunks import hunks_of
from workbench.review.text_diff.markdown_blocks import block_pairs, blocks_of, texts_of

TEXT = """---
name: demo
---

# Demo

A [link][x] here.

- one
- two

```
code

more
```

[x]: http://example.org
"""


def states(before: str, after: str) -> list[tuple[str, str, str]]:
    return [
        (pair.state, pair.before.text if pair.before else "", pair.after.text if pair.after else "")
        for pair in block_pairs(before, after)
    ]


def test_each_paragraph_list_and_code_is_a_block_with_its_line() -> None:
    assert [(one.line, one.text) for one in blocks_of(TEXT)] == [
        (1, "name: demo"),
        (5, "# Demo"),
        (7, "A [link][x] here."),
        (9, "- one\n- two"),
        (12, "```\ncode\n\nmore\n```"),
    ]


def test_a_block_takes_the_link_definitions_of_its_file_along() -> None:
    by_line = {one.line: one for one in blocks_of(TEXT)}
    assert "http://example.org" in by_line[7].definitions
    assert not by_line[5].definitions


def test_changed_blocks_stand_side_by_side_and_others_alone() -> None:
    after = TEXT.replace("- two", "- two\n- three").replace("# Demo\n", "# Demo\n\nEntirely new.\n")
    changed = [one for one in states(TEXT, after) if one[0] != "same"]
    assert changed == [
        ("added", "", "Entirely new."),
        ("changed", "- one\n- two", "- one\n- two\n- three"),
    ]


def test_other_line_ends_are_no_other_blocks() -> None:
    assert {one[0] for one in states(TEXT, TEXT.replace("\n", "\r\n"))} == {"same"}


def test_the_text_after_all_hunks_is_what_is_proposed(tmp_path: Path) -> None:
    after = TEXT.replace("A [link]", "The [link]").replace("- one\n", "")
    library = make_library(tmp_path, {"demo/SKILL.md": TEXT.encode()}, repository=False)
    proposal = proposal_on(library, [edited("demo/SKILL.md", after)])
    hunks = hunks_of(proposal, lambda _path: TEXT.encode())
    news = {hunk.id: hunk.new_lines for hunk in hunks}
    assert len(hunks) == 2
    assert texts_of(hunks, news, TEXT) == (TEXT, after)


@given(st.text(), st.text())
def test_any_two_texts_are_read(before: str, after: str) -> None:
    pairs = block_pairs(before, after)
    assert [pair.before for pair in pairs if pair.before] == list(blocks_of(before))
    assert [pair.after for pair in pairs if pair.after] == list(blocks_of(after))
