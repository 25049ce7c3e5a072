"""The tree of a session's entries: which are on the active branch, which were abandoned."""

from __future__ import annotations

from typing import Any

from workbench.traces.json_nodes import Node
from workbench.traces.json_values import items, mapping, string


class Entry:
    """One record of a session; ``id`` is None in version 1."""

    __slots__ = ("id", "kind", "node", "value")

    def __init__(self, node: Node, value: dict[str, Any]) -> None:
        self.node = node
        self.value = value
        self.kind = string(value.get("type")) or ""
        self.id = string(value.get("id"))

    @property
    def spoken(self) -> bool:
        """Whether a person or a model said it; only such an entry makes a branch."""
        role = mapping(self.value.get("message")).get("role")
        return self.kind == "message" and role in ("user", "assistant")


def split_branches(entries: list[Entry]) -> tuple[list[Entry], list[list[Entry]]]:
    """Return the session along its active branch, and the abandoned branches.

    The active branch goes from the last entry with an id to the root. A parent that is not in the
    file ends the way; what lies before it stays, as another root. Entries off the way in which
    nobody spoke (settings, results of parallel calls) are no branch and stay where they are.
    """
    parents = _parents(entries)
    linked = [at for at, parent in enumerate(parents) if parent is not None or entries[at].id]
    if not linked or all(parents[at] is None for at in linked):
        return entries, []
    on_way: set[int] = set()
    at: int | None = linked[-1]
    while at is not None and at not in on_way:
        on_way.add(at)
        at = parents[at]
    fork_of = _forks(parents, on_way)
    spoken = {fork for at, fork in enumerate(fork_of) if fork is not None and entries[at].spoken}
    main = [entry for at, entry in enumerate(entries) if fork_of[at] not in spoken]
    branches = [
        [entry for at, entry in enumerate(entries) if fork_of[at] == fork]
        for fork in sorted(spoken)
    ]
    return main, branches


def _parents(entries: list[Entry]) -> list[int | None]:
    """Return the place of each entry's parent.

    Some writers name a tool call as the parent, or leave an entry without id and parent: that one
    follows the entry before it.
    """
    places: dict[str, int] = {}
    found: list[int | None] = []
    for at, entry in enumerate(entries):
        parent = string(entry.value.get("parentId"))
        place = places.get(parent) if parent is not None else None
        found.append(place)
        if entry.kind == "session":
            continue
        for name in (*_call_ids(entry), *([entry.id] if entry.id else ())):
            places[name] = at
    return found


def _call_ids(entry: Entry) -> list[str]:
    blocks = [mapping(block) for block in items(mapping(entry.value.get("message")).get("content"))]
    return [name for b in blocks if b.get("type") == "toolCall" and (name := string(b.get("id")))]


def _forks(parents: list[int | None], on_way: set[int]) -> list[int | None]:
    """Return for each entry the first entry off the way above it; None for those that stay.

    An entry without a known parent is no fork: it is a root of its own and stays.
    """
    forks: list[int | None] = []
    for at, parent in enumerate(parents):
        if at in on_way or parent is None:
            forks.append(None)
        elif parent in on_way:
            forks.append(at)
        else:
            forks.append(forks[parent])
    return forks
