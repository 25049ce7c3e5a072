"""Bytes to text and back: what was not edited keeps its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.files import FileProblem
from workbench.gui.editor.file_text import MAX_BYTES, FileText, read_file

PATH = Path("/x/SKILL.md")
PIECES = st.lists(st.sampled_from(["a", "b c", "é🙂", "", "\u00a0", "\u2028", "---"]), max_size=8)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    text = "".join(piece + draw(ENDS) for piece in draw(PIECES))
    text += draw(st.sampled_from(["", "last"]))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@given(files())
def test_the_unedited_text_gives_the_same_bytes(data: bytes) -> None:
    file = FileText(PATH, data)
    assert file.encode(file.text) == data
    assert "\r" not in file.text


@given(files(), st.integers(0, 20), st.sampled_from(["new", "", "x\ny", "é"]))
def test_an_edited_line_leaves_the_bytes_of_the_others(data: bytes, at: int, new: str) -> None:
    file = FileText(PATH, data)
    lines = file.text.split("\n")
    place = at % len(lines)
    edited = "\n".join([*lines[:place], new, *lines[place + 1 :]])
    made = file.encode(edited)
    assert FileText(PATH, made).text == edited
    before = b"".join(line.encode() for line in file.lines[: min(place, len(file.lines))])
    assert made.removeprefix(b"\xef\xbb\xbf").startswith(before)
    if place < len(file.lines) - 1 and "\n" not in new:
        after = b"".join(line.encode() for line in file.lines[place + 1 :])
        assert made.endswith(after)


@given(files(), st.lists(st.sampled_from(["a", "b c", "q", ""]), max_size=8))
def test_any_text_comes_back(data: bytes, lines: list[str]) -> None:
    text = "\n".join(lines)
    assert FileText(PATH, FileText(PATH, data).encode(text)).text == text


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    file = FileText(PATH, data)
    assert isinstance(file.text, str)
    if not file.locked:
        assert file.encode(file.text) == data


def test_new_lines_get_the_line_end_of_the_file() -> None:
    file = FileText(PATH, b"a\r\nb\r\n")
    assert file.encode("a\nnew\nb\n") == b"a\r\nnew\r\nb\r\n"
    assert file.newline_name == "CRLF"
    assert FileText(PATH, b"a\r\nb\n").newline_name == "mixed"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"ok\n\xff", "line 2"),
        (b"a\0b", "NUL"),
        ("a\u2029b".encode(), "U+2029"),
        (b"x" * (MAX_BYTES + 1), "MB"),
    ],
)
def test_what_an_editor_cannot_keep_is_locked_with_the_reason(data: bytes, words: str) -> None:
    assert words in FileText(PATH, data).locked


def test_links_and_missing_files_are_told(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc/hostname")
    with pytest.raises(FileProblem, match="link"):
        read_file(link)
    with pytest.raises(FileProblem, match="Cannot read"):
        read_file(tmp_path / "none")
