"""Which hunks go together: what one needs, and what cannot stand without it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.domain.proposal import Hunk, HunkVerdict


def needed(hunks: Sequence[Hunk], names: Iterable[str]) -> list[str]:
    """Return what ``names`` depend on, directly or not, without themselves."""
    by_id = {hunk.id: hunk for hunk in hunks}
    seen = set(names)
    wanted = [other for name in seen if name in by_id for other in by_id[name].depends_on]
    found: list[str] = []
    while wanted:
        name = wanted.pop()
        if name in by_id and name not in seen:
            seen.add(name)
            found.append(name)
            wanted += by_id[name].depends_on
    return found


def stranded(
    hunks: Sequence[Hunk], names: Iterable[str], verdicts: Iterable[HunkVerdict]
) -> list[str]:
    """Return accepted hunks that depend, directly or not, on one of ``names``.

    What a person edited was written to stand on its own, and so is what depends on that alone.
    """
    now = {verdict.hunk: verdict for verdict in verdicts}
    gone = set(names)
    found: list[str] = []
    changed = True
    while changed:
        changed = False
        for hunk in hunks:
            if hunk.id in gone or not gone & set(hunk.depends_on):
                continue
            verdict = now.get(hunk.id)
            if verdict is not None and verdict.edited is not None:
                continue
            gone.add(hunk.id)
            changed = True
            if verdict is not None and verdict.verdict == "accept":
                found.append(hunk.id)
    return found
