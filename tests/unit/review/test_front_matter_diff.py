"""What a change does to the front matter, by key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from workbench.review.text_diff.front_matter_diff import KeyChange, front_matter_lines, key_changes


def changes(before: str, after: str) -> list[KeyChange]:
    found = key_changes(f"---\n{before}---\nbody\n", f"---\n{after}---\nbody\n")
    assert found is not None
    return [replace(one, before_at=(), after_at=()) for one in found]


def test_keys_come_go_and_change() -> None:
    assert changes("name: a\nx: 1\n", "name: b\ny: 2\n") == [
        KeyChange("name", "changed", ("a",), ("b",)),
        KeyChange("y", "added", (), ("2",)),
        KeyChange("x", "removed", ("1",), ()),
    ]


def test_nested_keys_are_named_by_their_path() -> None:
    before = "metadata:\n  version: 1.10\n  author: me\nhooks:\n  - run: a\n"
    after = "metadata:\n  version: 1.1\n  author: me\nhooks:\n  - run: b\n"
    assert changes(before, after) == [
        KeyChange("metadata.version", "changed", ("1.10",), ("1.1",)),
        KeyChange("hooks[0].run", "changed", ("a",), ("b",)),
    ]


def test_a_list_of_values_is_compared_item_by_item() -> None:
    assert changes("tools:\n  - Read\n  - Bash\n", "tools: [Read, Edit]\n") == [
        KeyChange("tools", "changed", ("Read", "Bash"), ("Read", "Edit"), items=True)
    ]


def test_a_folded_text_is_read_as_one_paragraph() -> None:
    assert changes("description: >\n  One\n  two.\n", "description: One two three.\n") == [
        KeyChange("description", "changed", ("One two.",), ("One two three.",))
    ]


def test_the_same_value_in_other_quotes_is_told_as_such() -> None:
    assert changes("a: 'x'\n", "a: x\n") == [KeyChange("a", "rewritten", ("'x'",), ("x",))]


def test_a_new_file_adds_all_its_keys() -> None:
    (only,) = key_changes("", "---\na: 1\n---\n") or ()
    assert only == KeyChange("a", "added", (), ("1",), after_at=(2,))


def test_it_is_known_on_which_lines_values_stand() -> None:
    before = "---\nname: a\nd: >\n  x\n  y\ntools:\n  - Read\n  - Bash\n---\n"
    found = key_changes(before, before.replace("x", "z").replace("Bash", "Edit")) or ()
    assert [(one.key, one.before_at, one.after_at) for one in found] == [
        ("d", (3,), (3,)),
        ("tools", (7, 8), (7, 8)),
    ]


def test_what_cannot_be_read_has_no_keys_to_tell_of() -> None:
    good = "---\na: 1\n---\n"
    for bad in ("---\na: [\n---\n", "---\na: 1\na: 2\n---\n", "---\n- a\n---\n", "no front matter"):
        assert key_changes(good, bad) is None
        assert key_changes(bad, good) is None
    assert key_changes(good, "---\nm:\n  b: 1\n  b: 2\n---\n") is None


def test_its_lines_are_counted_with_both_fences() -> None:
    assert front_matter_lines("---\na: 1\n---\nx\n") == 3
    assert front_matter_lines("---\r\na: 1\r\n---\r\nx") == 3
    assert front_matter_lines("---\na: 1\n---") == 3
    assert front_matter_lines("x\n---\n") == 0


@given(st.text(), st.text())
def test_any_two_texts_are_compared_without_a_fault(before: str, after: str) -> None:
    found = key_changes(f"---\n{before}\n---\n", f"---\n{after}\n---\n")
    assert found is None or before != after or not found
    assert 0 <= front_matter_lines(before) <= before.count("\n") + before.count("\r") + 1


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "x y", "[p, q]", "{r: s}"])))
def test_a_text_compared_with_itself_has_no_changes(keys: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in keys.items())
    assert changes(text, text) == []
