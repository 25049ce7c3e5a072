"""The changes that turn the files of one skill into those of its other version."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from folder_importer.versions import SourceProblem, VersionFile, is_leftover
from workbench.plugin.api import Change

#: The host takes texts up to 1 MiB and binary content up to 16 MiB.
MAX_TEXT = 1 << 20
MAX_FILE = 16 << 20


@dataclass(frozen=True)
class FileChange:
    """A change with what it does, in a few words for the rationale; without one, why not."""

    path: str
    words: str
    change: Change | None


def file_changes(
    ours: Mapping[str, VersionFile],
    theirs: Mapping[str, VersionFile],
    *,
    prefix: str,
    keep_blob: Callable[[bytes], str],
    is_checked_in: bool,
) -> Iterator[FileChange]:
    """Yield a change for each file that differs, in the order of their paths.

    Args:
        ours: the skill's files as they are.
        theirs: those of the other version.
        prefix: what goes before each path, with "/" at its end unless it is empty.
        keep_blob: keeps binary content and returns its SHA-256.
        is_checked_in: theirs come from a repository, which may keep LF where a checkout has CRLF.
    """
    for path in sorted(ours.keys() | theirs.keys()):
        full = prefix + path
        old, new = ours.get(path), theirs.get(path)
        if new is None:
            if not is_leftover(path):
                yield FileChange(path, "deleted", Change(full, full, "delete"))
        elif old is None and is_leftover(path):
            continue
        elif new.size > MAX_FILE:
            if old is None or old.size != new.size:
                yield FileChange(path, f"left out: larger than {MAX_FILE >> 20} MiB", None)
        else:
            try:
                before = old.read() if old is not None else None
                is_same = before is not None and new.holds(before)
                after = before if is_same and before is not None else new.read()
            except (OSError, SourceProblem) as problem:
                yield FileChange(path, f"left out: it cannot be read ({problem})", None)
                continue
            after = _line_ends_of_checkout(after, before, is_checked_in)
            old_mode = old.mode if old is not None else "100644"
            mode = None if new.mode == old_mode else new.mode
            found = _written(full, before, after, mode=mode, keep_blob=keep_blob)
            if found is not None:
                yield FileChange(path, *found)


def _written(
    full: str,
    before: bytes | None,
    after: bytes,
    *,
    mode: str | None,
    keep_blob: Callable[[bytes], str],
) -> tuple[str, Change] | None:
    mode_words = {None: "", "100755": ", executable"}.get(mode, ", no longer executable")
    if after == before:
        return (mode_words[2:], Change(full, full, "mode", mode=mode)) if mode else None
    text = _as_text(after)
    if text is None:
        words = f"{'new' if before is None else 'replaced'}, {len(after):,} bytes"
        change = Change(full, full, "write", blob=keep_blob(after), mode=mode)
    else:
        words = _line_words(before, text)
        change = Change(full, full, "write", new_text=text, mode=mode)
    return words + mode_words, change


def _as_text(data: bytes) -> str | None:
    if len(data) > MAX_TEXT or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _line_words(before: bytes | None, after: str) -> str:
    new = after.splitlines(keepends=True)
    if before is None:
        return f"new, {len(new)} lines" if len(new) != 1 else "new, 1 line"
    old = before.decode("utf-8", "replace").splitlines(keepends=True)
    if len(old) + len(new) > 20_000:
        return "changed"
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return f"+{len(new) - same} -{len(old) - same} lines"


def _line_ends_of_checkout(after: bytes, before: bytes | None, is_checked_in: bool) -> bytes:
    """Give a text of a repository (LF) the CRLF its checkout has everywhere (core.autocrlf)."""
    if not is_checked_in or not before or b"\r" in after or b"\0" in before or b"\0" in after:
        return after
    newlines = before.count(b"\n")
    if newlines and before.count(b"\r\n") == newlines:
        return after.replace(b"\n", b"\r\n")
    return after
