"""Annotations of traces: JSON lines in the user's folder, the last line of an id counts.

Nothing is ever rewritten: a change and a deletion are lines of their own, so that no crash and no
other program can lose what a person wrote.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from workbench.domain.annotation import Annotation, StepAnchor
from workbench.files import FileProblem
from workbench.store.lines import append_line, read_lines


class AnnotationStore:
    """The annotations of one user. ``problems`` are lines that could not be read.

    With ``read`` off nothing is known before ``reload``.

    Raises:
        FileProblem: the file is there and cannot be read.
    """

    def __init__(self, path: Path, *, read: bool = True) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        self._by_id: dict[str, Annotation] = {}
        self._seen: tuple[int, int, int] | None = None
        if read:
            self.reload()

    def reload(self) -> bool:
        """Read the file again when it changed; return whether it did."""
        try:
            found = self.path.stat()
            seen = (found.st_size, found.st_mtime_ns, found.st_ino)
        except FileNotFoundError:
            seen = (0, 0, 0)
        except OSError as problem:
            raise FileProblem(f"Cannot read {self.path}: {problem.strerror}.") from problem
        if seen == self._seen:
            return False
        values, self.problems = read_lines(self.path, Annotation)
        self._by_id = {}
        for value in values:
            self._by_id[value.id] = value
        self._seen = seen
        return True

    def all(self) -> tuple[Annotation, ...]:
        """Return every annotation that was not deleted, oldest first."""
        kept = (one for one in self._by_id.values() if not one.deleted)
        return tuple(sorted(kept, key=lambda one: (one.created, one.id)))

    def get(self, annotation: str) -> Annotation | None:
        """Return one by its id, None when there is none or it was deleted."""
        found = self._by_id.get(annotation)
        return None if found is None or found.deleted else found

    def of_skill(self, skill: str) -> tuple[Annotation, ...]:
        """Return those that are linked to a line of a skill, by its id."""
        return tuple(
            one for one in self.all() if one.skill is not None and one.skill.skill == skill
        )

    def labels(self) -> tuple[tuple[str, int], ...]:
        """Return the labels in use with their counts, the most used first."""
        counts: dict[str, int] = {}
        for one in self.all():
            if one.label:
                counts[one.label] = counts.get(one.label, 0) + 1
        return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def add(self, anchor: StepAnchor, now: str, **fields: Any) -> Annotation:
        """Write a new annotation.

        Args:
            anchor: what it is about.
            now: the time, ISO 8601 in UTC.
            fields: label, note, verdict, severity, outcome, score, skill, quote, author.

        Raises:
            FileProblem: it could not be written.
            ValueError: it says nothing, or an outcome or score is given to a single step.
        """
        made = Annotation(id=uuid.uuid4().hex, anchor=anchor, created=now, changed=now, **fields)
        return self._put(made)

    def change(self, annotation: str, now: str, **fields: Any) -> Annotation:
        """Write an annotation anew with other fields.

        Raises:
            FileProblem: there is none of that id, or it could not be written.
            ValueError: as ``add``.
        """
        return self._put(replace(self._existing(annotation), changed=now, **fields))

    def attach(self, anchor: StepAnchor, now: str, before: str = "", **fields: Any) -> Annotation:
        """Give a trace an outcome: a new annotation, or ``before``, the one it has, anew.

        Raises:
            FileProblem: it could not be written.
            ValueError: as ``add``.
        """
        self.reload()
        if before and self.get(before) is not None:
            return self.change(before, now, **fields)
        return self.add(anchor, now, **fields)

    def take_in(self, given: Iterable[Annotation]) -> tuple[Annotation, ...]:
        """Write annotations made elsewhere, ids kept; return those that were written.

        One that is here already, or was deleted here, is left as it is.

        Raises:
            FileProblem: they could not be written.
            ValueError: as ``add``; none is written then.
        """
        self.reload()
        fresh = [_checked(one) for one in given if one.id not in self._by_id]
        self._append(fresh)
        return tuple(fresh)

    def delete(self, annotation: str, now: str) -> None:
        """Take an annotation back; its lines stay in the file.

        Raises:
            FileProblem: there is none of that id, or it could not be written.
        """
        self._append([replace(self._existing(annotation), changed=now, deleted=True)])

    def restore(self, annotation: str, now: str) -> Annotation:
        """Undo a deletion.

        Raises:
            FileProblem: there never was one of that id, or it could not be written.
        """
        self.reload()
        found = self._by_id.get(annotation)
        if found is None:
            raise _unknown(annotation, self.path)
        return self._put(replace(found, changed=now, deleted=False))

    def _existing(self, annotation: str) -> Annotation:
        self.reload()
        found = self.get(annotation)
        if found is None:
            raise _unknown(annotation, self.path)
        return found

    def _put(self, made: Annotation) -> Annotation:
        self._append([_checked(made)])
        return made

    def _append(self, values: Iterable[Annotation]) -> None:
        for value in values:
            append_line(self.path, value)
            self._by_id[value.id] = value
        # What another program wrote meanwhile is read at the next reload.
        self._seen = None


def _checked(made: Annotation) -> Annotation:
    says = (made.label, made.note, made.verdict, made.severity, made.outcome, made.skill)
    if not any(says):
        raise ValueError("an annotation without label, note, verdict, severity or link")
    if made.outcome is not None and made.anchor.uid:
        raise ValueError("an outcome belongs to a whole trace, not to a step")
    try:
        msgspec.json.encode(made)
    except UnicodeEncodeError:
        raise ValueError("a text with half a character, which JSON cannot hold") from None
    if made.score is not None and (made.outcome is None or not math.isfinite(made.score)):
        raise ValueError("a score is a finite number and belongs to an outcome")
    return made


def _unknown(annotation: str, path: Path) -> FileProblem:
    return FileProblem(
        f"There is no annotation '{annotation}' in {path}. It may have been deleted by another "
        "window: read the list again."
    )
