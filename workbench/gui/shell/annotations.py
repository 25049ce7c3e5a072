"""What people say of traces, for every part of the window: read, written, and taken back.

Writing waits for the disk, so it is done beside the window; ``changed`` tells when it is through.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from workbench.domain.annotation import Annotation, StepAnchor
from workbench.files import FileProblem
from workbench.gui.notify import MessageAction
from workbench.store.annotations import AnnotationStore
from workbench.usage.outcomes import AttachedOutcomes

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.gui.bridge import Bridge
    from workbench.gui.notify import Notifier

#: So many steps can be taken back.
_MOST_UNDONE = 200


class AnnotationDesk(QObject):
    """The user's annotations. ``changed`` tells that they are others now.

    ``moving`` is the annotation a person looks for a new step for, None when nobody does;
    ``moving_changed`` tells of it. ``wanted`` is the one whose step is to be shown, until it is.
    """

    changed = Signal()
    moving_changed = Signal()
    wanted_changed = Signal()

    def __init__(self, path: Path, bridge: Bridge, notify: Notifier, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notify = notify
        self._store = AnnotationStore(path, read=False)
        self._lock = threading.Lock()
        self._back: list[tuple[str, Callable[[], object]]] = []
        self.moving: Annotation | None = None
        self.wanted: Annotation | None = None
        try:
            self._store.reload()
        except FileProblem as problem:
            notify.problem(problem)
        self._all = self._store.all()
        self.attached = AttachedOutcomes(self._all)

    @property
    def all(self) -> tuple[Annotation, ...]:
        """Every annotation, oldest first."""
        return self._all

    @property
    def problems(self) -> tuple[str, ...]:
        """Lines of the file that could not be read."""
        return self._store.problems

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in use, the most used first."""
        counts = Counter(one.label for one in self._all if one.label)
        return tuple(label for label, _ in counts.most_common())

    def of_skill(self, skill: str) -> tuple[Annotation, ...]:
        """Return those that are linked to a line of a skill."""
        return tuple(one for one in self._all if one.skill is not None and one.skill.skill == skill)

    def reload(self) -> None:
        """Look whether another program wrote something."""

        def look() -> tuple[Annotation, ...] | None:
            with self._lock:
                return self._store.all() if self._store.reload() else None

        def done(found: tuple[Annotation, ...] | None) -> None:
            if found is not None:
                self._tell(found)

        self._bridge.run_in_thread(look, on_done=done, owner=self)

    def add(self, anchor: StepAnchor, **fields: Any) -> None:
        """Write a new annotation."""

        def write() -> Annotation:
            return self._store.add(anchor, _now(), **fields)

        self._do("annotation", write, lambda made: lambda: self._store.delete(made.id, _now()))

    def attach(self, anchor: StepAnchor, before: Annotation | None, **fields: Any) -> None:
        """Give a trace an outcome, in place of ``before``."""
        if before is not None:
            self.change(before, **fields)
        else:
            self.add(anchor, **fields)

    def change(self, one: Annotation, **fields: Any) -> None:
        """Write an annotation anew with other fields."""

        def write() -> Annotation:
            return self._store.change(one.id, _now(), **fields)

        earlier = {name: getattr(one, name) for name in fields}
        self._do("change", write, lambda _: lambda: self._store.change(one.id, _now(), **earlier))

    def delete(self, one: Annotation) -> None:
        """Take an annotation back; undo brings it again."""

        def write() -> None:
            self._store.delete(one.id, _now())

        self._do("deletion", write, lambda _: lambda: self._store.restore(one.id, _now()))
        self._notify.info(
            f"The annotation “{_name(one)}” is deleted.",
            replace="annotation",
            actions=(MessageAction("Undo", self.undo),),
        )

    def take_in(self, work: Callable[[AnnotationStore], str]) -> None:
        """Let ``work`` write many at once; what it returns is told."""

        def write() -> str:
            return work(self._store)

        self._do("import", write, None, tell=self._notify.info)

    def undo(self) -> None:
        """Take the last thing back that was done here."""
        if not self._back:
            self._notify.info("There is no annotation to take back.", replace="annotation")
            return
        words, inverse = self._back.pop()
        self._notify.dismiss_key("annotation")
        self._do(words, inverse, None)

    def move(self, one: Annotation | None) -> None:
        """Look for a new step for an annotation; None ends that."""
        self.moving = one
        self.moving_changed.emit()

    def want(self, one: Annotation | None) -> None:
        """Ask the viewer to show what an annotation is about; None when it does."""
        self.wanted = one
        self.wanted_changed.emit()

    def _do(
        self,
        words: str,
        write: Callable[[], Any],
        inverse: Callable[[Any], Callable[[], object]] | None,
        *,
        tell: Callable[[Any], object] = lambda result: None,
    ) -> None:
        def work() -> tuple[Any, tuple[Annotation, ...]]:
            with self._lock:
                result = write()
                self._store.reload()
                return result, self._store.all()

        def done(found: tuple[Any, tuple[Annotation, ...]]) -> None:
            result, everything = found
            if inverse is not None:
                self._back = [*self._back[1 - _MOST_UNDONE :], (words, inverse(result))]
            self._tell(everything)
            tell(result)

        self._bridge.run_in_thread(work, on_done=done, owner=self)

    def _tell(self, everything: tuple[Annotation, ...]) -> None:
        self._all = everything
        self.attached = AttachedOutcomes(everything)
        self.changed.emit()


def _name(one: Annotation) -> str:
    return one.label or " ".join(one.note.split())[:40] or one.verdict or one.outcome or "link"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
