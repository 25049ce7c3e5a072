"""Changes: unified diffs, patches, and the arguments of tools that replace text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from workbench.gui.traces.viewer.renderers.content import Content, Run, TextRenderer
from workbench.gui.traces.viewer.renderers.json_text import decoded

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_PATCH = re.compile(r"^\*\*\* (?:Begin Patch|(?:Update|Add|Delete) File: )", re.MULTILINE)
_OLD = ("old_string", "old_str", "old_text")
_NEW = ("new_string", "new_str", "new_text")
#: difflib takes more than linear time; longer texts are shown as removed and added.
_COMPARED = 2_000


class DiffRenderer(TextRenderer):
    """Lines that were added and removed, with their signs and a ground."""

    id = "diff"
    title = "Changes"

    def fit(self, content: Content) -> float:
        if content.role == "arguments":
            return 0.95 if self.prettify(content) else 0.0
        head = content.text[:20_000]
        if content.role in ("text", "reasoning") and not head.startswith(("diff ", "--- ", "*** ")):
            # A diff within prose: the prose is what is read.
            return 0.5 if _HUNK.search(head) else 0.0
        if _PATCH.search(head):
            return 0.9
        if not _HUNK.search(head):
            return 0.0
        return 0.9 if "--- " in head or "diff --git" in head else 0.7

    def prettify(self, content: Content) -> str:
        if content.role != "arguments":
            return content.text
        found = decoded(content.text)
        if isinstance(found, dict):
            return _of_arguments(found)
        return content.text if _PATCH.search(content.text[:20_000]) else ""

    def colour(self, text: str) -> Sequence[Run]:
        return tuple(_line(line) for line in text.splitlines(keepends=True))


def _of_arguments(found: dict[str, Any]) -> str:
    """Return what a call changes as lines of a diff, "" where it changes no text."""
    patch = next((one for one in found.values() if isinstance(one, str) and _PATCH.search(one)), "")
    if patch:
        return patch
    place = next(
        (str(found[key]) for key in ("file_path", "path", "filename", "file") if key in found), ""
    )
    edits = found.get("edits")
    pairs = (
        [_pair(one) for one in edits if isinstance(one, dict)] if isinstance(edits, list) else []
    )
    pairs.append(_pair(found))
    parts = [_changed(old, new) for old, new in (pair for pair in pairs if pair is not None)]
    if not parts:
        return ""
    return "\n".join([f"*** {place}"] * bool(place) + parts)


def _pair(found: dict[str, Any]) -> tuple[str, str] | None:
    old = next((found[key] for key in _OLD if isinstance(found.get(key), str)), None)
    new = next((found[key] for key in _NEW if isinstance(found.get(key), str)), None)
    return None if old is None or new is None else (old, new)


def _changed(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > _COMPARED:
        return "\n".join([f"-{line}" for line in before] + [f"+{line}" for line in after])
    compared = difflib.unified_diff(before, after, n=len(before), lineterm="")
    lines = [line for line in compared if not line.startswith(("--- ", "+++ ", "@@ "))]
    return "\n".join(lines or [f" {line}" for line in before])


def _line(line: str) -> Run:
    if line.startswith(("+++ ", "--- ", "diff --git", "*** ", "index ")):
        return Run(line, "text_muted", bold=True)
    if line.startswith("@@"):
        return Run(line, "code_link")
    if line.startswith("+"):
        return Run(line, "", "add_background")
    if line.startswith("-"):
        return Run(line, "", "remove_background")
    return Run(line)
