"""The order of records: that of their chain, then that of the file."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Place(Struct, gc=False, frozen=True):
    """Where a record lies and hangs. ``spoken`` says that it is a user or assistant record."""

    at: int
    end: int
    uuid: str | None
    parent: str | None
    sidechain: bool = False
    spoken: bool = False


def chained(records: Iterable[Place]) -> list[Place]:
    """Return the records in file order, but never a record before its parent.

    Timestamps are no help: they run backwards in two thirds of real sessions. A record whose
    parent is nowhere stays at its place in the file; a loop of parents is given as it lies.
    """
    places = list(records)
    first: dict[str, Place] = {}
    for place in places:
        if place.uuid is not None:
            first.setdefault(place.uuid, place)
    given: set[int] = set()
    waiting: dict[str, list[Place]] = {}
    ordered: list[Place] = []
    for place in places:
        parent = first.get(place.parent) if place.parent is not None else None
        if parent is not None and parent is not place and parent.at not in given:
            waiting.setdefault(place.parent or "", []).append(place)
            continue
        ready = [place]
        while ready:
            one = ready.pop()
            given.add(one.at)
            ordered.append(one)
            if waiting and one.uuid in waiting:
                ready.extend(reversed(waiting.pop(one.uuid)))
    ordered.extend(place for place in places if place.at not in given)
    return ordered
