"""Links to a step: what is written can be read, and what is no link says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.trace_link import LinkProblem, TraceLink, format_link, is_link, parse_link

#: File names as Linux has them: any bytes but NUL, as Python hands them on.
names = st.binary(min_size=1, max_size=60).map(
    lambda data: data.replace(b"\0", b"0").decode("utf-8", "surrogateescape")
)
paths = names.map(lambda name: "/" + name.lstrip("/")).filter(lambda path: path != "/")
ids = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
hashes = st.sampled_from(("", "0123456789abcdef"))


@given(paths, ids, st.integers(min_value=0, max_value=999_999_999), hashes)
def test_a_link_leads_back_to_what_it_was_made_of(
    path: str, trajectory: str, step: int, content: str
) -> None:
    link = TraceLink(path, trajectory, step, content)
    text = format_link(link)
    assert text.isascii()
    assert not any(one.isspace() for one in text)
    if not path.startswith("/") or not path[1:2].isalpha() or path[2:3] != ":":
        assert parse_link(f"  {text}\n") == link


@given(st.text(max_size=200))
def test_any_text_is_a_link_or_a_problem_in_words(text: str) -> None:
    for candidate in (text, f"skill-workbench://{text}", f"skill-workbench://trace/{text}"):
        try:
            link = parse_link(candidate)
        except LinkProblem:
            continue
        assert parse_link(format_link(link)) == link


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no link of this program"),
        ("https://example.org/a#1", "no link of this program"),
        ("skill-workbench://trace/", "names no file"),
        ("skill-workbench://trace", "leads to"),
        ("skill-workbench://skill/a", "leads to “skill”"),
        ("skill-workbench://trace/a.jsonl#last", "no number of a step"),
        ("skill-workbench://trace/a.jsonl#-1", "no number of a step"),
        ("skill-workbench://trace/a.jsonl#1234567890", "no number of a step"),
        ("skill-workbench://trace/100%.jsonl#1", "written %25"),
        ("skill-workbench://trace/a%00b#1", "no path can have"),
        ("skill-workbench://trace/a?content=xyz#1", "content hash"),
        ("skill-workbench://trace/" + "a" * 30_000, "characters long"),
    ],
)
def test_a_bad_link_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(LinkProblem, match=words.replace("(", r"\(")):
        parse_link(text)


def test_the_shape_of_a_link() -> None:
    link = TraceLink("/home/me/my runs/a#1.jsonl", "main & sub", 12, "0123456789abcdef")
    assert format_link(link) == (
        "skill-workbench://trace/home/me/my%20runs/a%231.jsonl"
        "?trajectory=main%20%26%20sub&content=0123456789abcdef#12"
    )
    assert parse_link("SKILL-WORKBENCH://trace/a.jsonl") == TraceLink("/a.jsonl")
    assert parse_link("skill-workbench://trace//a.jsonl?new=1#3") == TraceLink("/a.jsonl", "", 3)
    assert is_link(" skill-workbench://nonsense")
    assert not is_link("/home/me/a.jsonl")


def test_a_path_of_windows_keeps_its_drive() -> None:
    link = TraceLink("C:\\runs\\a.jsonl", "", 1)
    assert format_link(link) == "skill-workbench://trace/C%3A/runs/a.jsonl#1"
    assert parse_link(format_link(link)) == TraceLink("C:/runs/a.jsonl", "", 1)
