"""How much a proposal changes, held against what the user allows one proposal."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from workbench.domain.job import Budget
from workbench.evolution.sections import split_lines
from workbench.evolution.snapshot import LibrarySnapshot


def over_budget(
    results: Mapping[str, tuple[bytes | None, str | None]],
    snapshot: LibrarySnapshot,
    budget: Budget,
) -> str:
    """Say which cap a proposal exceeds; empty when none.

    Args:
        results: every file it touches as it would be, with its mode; None is gone.
        snapshot: the files as they are.
        budget: its ``max_hunks`` and ``max_growth`` count here.

    Raises:
        FileProblem: the library cannot be read as it was.
    """
    if budget.max_growth is None and budget.max_hunks is None:
        return ""
    grown = places = 0
    for path, (after, _) in results.items():
        before = snapshot.read(path)
        grown += len(after or b"") - len(before or b"")
        if budget.max_hunks is not None and before != after:
            places += _places(before or b"", after or b"")
    if budget.max_growth is not None and grown > budget.max_growth:
        return f"It adds {grown:,} bytes; {budget.max_growth:,} are allowed."
    if budget.max_hunks is not None and places > budget.max_hunks:
        return f"It changes {places} places; {budget.max_hunks} are allowed."
    return ""


def _places(before: bytes, after: bytes) -> int:
    if b"\0" in before + after:
        return 1
    old, new = (split_lines(data.decode("utf-8", "surrogateescape")) for data in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return sum(tag != "equal" for tag, *_ in matcher.get_opcodes())
