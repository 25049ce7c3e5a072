"""Applying one edit of a patch to a text. What it names must be there, once told apart."""

from __future__ import annotations

import re

from trace2skill_importer.patch import Edit
from workbench.plugin.api import SourceProblem

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_HEADING = re.compile(r"(#{1,6})[ \t]+\S")


def edited(text: str, edit: Edit) -> str:
    """Return the text after an edit. Line ends must be LF.

    Raises:
        SourceProblem: its section or text is not there, or the operation is not known.
    """
    if edit.op == "append_to_section":
        start, end = _section(text, edit.section)
        part = text[start:end]
        kept = part.rstrip()
        return (
            text[:start]
            + kept
            + "\n\n"
            + edit.content.strip("\n")
            + "\n"
            + _gap(part, kept)
            + (text[end:])
        )
    if edit.op == "add_section":
        at = _section(text, edit.after)[1] if edit.after else len(text)
        heading = edit.section or _first_line(edit.content)
        if not heading:
            raise SourceProblem("it adds a section without a heading")
        body = edit.content.strip("\n")
        new = f"{heading}\n\n{body}" if edit.section else body
        before, after = text[:at].rstrip("\n"), text[at:].lstrip("\n")
        return f"{before}\n\n{new}\n" + (f"\n{after}" if after else "")
    if edit.op == "delete_section":
        start, end = _section(text, edit.section)
        return text[:start] + text[end:]
    if edit.op == "replace_in_section":
        return _replaced(text, edit, edit.old, edit.content)
    if edit.op == "insert_after":
        return _replaced(text, edit, edit.target, f"{edit.target}\n{edit.content}")
    if edit.op == "insert_before":
        return _replaced(text, edit, edit.target, f"{edit.content}\n{edit.target}")
    raise SourceProblem(f"its operation '{edit.op[:40]}' is not known")


def _replaced(text: str, edit: Edit, old: str, new: str) -> str:
    if not old:
        raise SourceProblem("it does not say which text it is about")
    start, end = _section(text, edit.section) if edit.section else (0, len(text))
    at = text.find(old, start, end)
    if at < 0:
        where = f" in the section '{edit.section[:60]}'" if edit.section else ""
        raise SourceProblem(f"its text '{_short(old)}' is not there{where}")
    return text[:at] + new + text[at + len(old) :]


def _section(text: str, heading: str) -> tuple[int, int]:
    """Return where a section begins (its heading) and ends, as offsets."""
    if not heading.strip():
        raise SourceProblem("it does not say which section it is about")
    headings = _headings(text)
    wanted = heading.strip()
    exact = [one for one in headings if one[2] == wanted]
    loose = [one for one in headings if one[2].strip("# \t") == wanted.strip("# \t")]
    found = exact[:1] or (loose if len(loose) == 1 else [])
    if not found:
        raise SourceProblem(f"its section '{_short(wanted)}' is not there")
    start, level, _ = found[0]
    end = next((at for at, other, _ in headings if at > start and other <= level), len(text))
    return start, end


def _headings(text: str) -> list[tuple[int, int, str]]:
    """Return offset, level and line of each heading; lines in code blocks are none."""
    found: list[tuple[int, int, str]] = []
    offset, fence = 0, ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence and (heading := _HEADING.match(line)):
            found.append((offset, len(heading[1]), line.strip()))
        offset += len(line)
    return found


def _gap(part: str, kept: str) -> str:
    """Return the empty lines at a section's end beyond its own line end."""
    return part[len(kept) :].replace("\n", "", 1)


def _first_line(content: str) -> str:
    first = content.strip("\n").partition("\n")[0]
    return first if _HEADING.match(first) else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
