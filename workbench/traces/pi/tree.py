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
        for name in _names(entry):
            places[name] = at
    return found


def _names(entry: Entry) -> list[str]:
    """Return what a later entry may name as its parent."""
    if entry.kind == "session":
        return []
    return [*_call_ids(entry), *([entry.id] if entry.id else ())]


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


class Way:
    """The active way of a session that grows, to tell whether another entry leaves it as it is."""

    def __init__(self, entries: list[Entry], *, branched: bool) -> None:
        """Take the entries as ``split_branches`` has split them."""
        self._places: dict[str, int] = {}
        self._parents: list[int | None] = []
        #: Whether somebody spoke in an entry, or in one that hangs below it.
        self._spoken: list[bool] = []
        self._leaf: int | None = None
        self._branched = branched
        for entry in entries:
            self._say(self._add(entry), entry)
        self._on: set[int] = set()
        at = self._leaf
        while at is not None:
            self._on.add(at)
            at = self._parents[at]

    def keeps(self, entry: Entry) -> bool:
        """Take another entry; whether all others stay on the branch where they are.

        It then belongs to the session itself, after them.
        """
        before = self._leaf
        at = self._add(entry)
        if self._leaf == before:
            return True  # it hangs nowhere
        new, parent = {at}, self._parents[at]
        while parent is not None and parent not in self._on:
            if self._spoken[parent]:
                return False  # a branch that was abandoned goes on
            new.add(parent)
            parent = self._parents[parent]
        if parent is None:
            if self._branched or len(new) > 1:
                return False
            self._on.clear()  # another root: what hangs below the first one is no branch
        while before is not None and before != parent and before in self._on:
            if self._spoken[before]:
                return False
            self._on.discard(before)
            before = self._parents[before]
        self._on |= new
        self._say(at, entry)
        return True

    def _add(self, entry: Entry) -> int:
        at = len(self._parents)
        parent = string(entry.value.get("parentId"))
        place = self._places.get(parent) if parent is not None else None
        self._parents.append(place)
        self._spoken.append(False)
        if place is not None or entry.id:
            self._leaf = at
        for name in _names(entry):
            self._places[name] = at
        return at

    def _say(self, at: int | None, entry: Entry) -> None:
        while entry.spoken and at is not None and not self._spoken[at]:
            self._spoken[at] = True
            at = self._parents[at]
