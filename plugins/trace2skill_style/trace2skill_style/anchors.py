"""TRANSLATE: each edit moved to an anchor that stands in its file exactly once."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from workbench.plugin.api import EditProblem, SkillTexts, TextEdit, headings, place

TRANSLATE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "found": {"type": "boolean"},
        "first_line": {"type": "integer"},
        "last_line": {"type": "integer"},
    },
    "required": ["found"],
}
_ON_WORDS = ("insert_before", "insert_after", "replace_text")


def mended(edit: TextEdit, texts: SkillTexts) -> TextEdit:
    """Return the edit with what a program can put right without asking."""
    text = texts.texts.get(edit.file)
    if text is None:
        return edit
    known = {_plain(one) for one in headings(text)}
    if edit.op == "add_section" and edit.after and _plain(edit.after) not in known:
        edit = replace(edit, after="")
    if edit.op == "add_section" and edit.section and _plain(edit.section) in known:
        return replace(edit, op="append_to_section", after="")
    if edit.op == "append_to_section" and edit.section and _plain(edit.section) not in known:
        return replace(edit, op="add_section", after="")
    if edit.op in _ON_WORDS and edit.section and _plain(edit.section) not in known:
        return replace(edit, section="")
    return edit


def needs_place(edit: TextEdit, texts: SkillTexts) -> bool:
    """Whether a model has to be asked where an edit goes."""
    text = texts.texts.get(edit.file)
    if text is None or edit.op in ("create_file", "delete_file", "add_section"):
        return False
    try:
        place(text, edit)
    except EditProblem as problem:
        return "no content" not in str(problem)
    return False


def anchored(edit: TextEdit, texts: SkillTexts, answer: Mapping[str, object]) -> TextEdit | None:
    """Return the edit at the lines a model named; None when it named none that will do."""
    text = texts.texts[edit.file]
    lines = text.replace("\r\n", "\n").splitlines()
    first, last = answer.get("first_line"), answer.get("last_line", answer.get("first_line"))
    if answer.get("found") is not True or not isinstance(first, int) or not isinstance(last, int):
        return None
    if not 1 <= first <= last <= len(lines):
        return None
    if edit.op in _ON_WORDS:
        return _on_lines(edit, lines, first - 1, last)
    title = lines[first - 1].strip()
    moved = replace(edit, section=title.lstrip("#").strip()) if title.startswith("#") else None
    return moved if moved is not None and not needs_place(moved, texts) else None


def _on_lines(edit: TextEdit, lines: list[str], first: int, end: int) -> TextEdit | None:
    """Name lines by their words; lines around them are taken in until there is one such place."""
    whole = "\n" + "\n".join(lines) + "\n"
    content = edit.content.strip("\n")
    while True:
        words = "\n".join(lines[first:end])
        # Word for word within the file, not only line for line: that is how it is looked up.
        if words.strip() and whole.count(words) == 1:
            return replace(edit, section="", target=words, content=content)
        if edit.op == "insert_before":
            if end >= len(lines):
                return None
            end += 1
        elif first == 0:
            return None
        else:
            first -= 1
            if edit.op == "replace_text":
                content = f"{lines[first]}\n{content}"


def _plain(title: str) -> str:
    return " ".join(title.strip().strip("#").split()).casefold()
