"""What was added to one trace since it was last looked at, for a window that shows it live."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from workbench.domain.trajectory import Step
from workbench.traces.importer import Importer, TraceError
from workbench.traces.index.parts import APPENDABLE, Position, next_part
from workbench.traces.index.walk import Seen, mark, seen, stamp, still
from workbench.traces.open import open_traces
from workbench.traces.registry import best_importer
from workbench.traces.source import SourceBytes, probe_file

_PART = 32 << 20


class TailChange(Struct, frozen=True):
    """What became of the trace. ``new`` steps come after all that were known; ``changed`` ones
    were known and are others now (a result arrived). "replaced": all steps are in ``new``, those
    shown before are void.
    """

    outcome: Literal["unchanged", "grown", "replaced", "gone"]
    new: tuple[Step, ...] = ()
    changed: tuple[Step, ...] = ()
    read_bytes: int = 0


class LiveTail:
    """Follows the first trajectory of a file; it starts after what is there now.

    Logs of lines cost what was added to them; other files are read again when they change.

    Raises:
        TraceError: the file cannot be read, or is no trace.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        importer = best_importer(probe_file(path))
        if importer is None:
            raise TraceError(
                f"{path} is no trace of a known format. Give a session log of an agent."
            )
        self._importer: Importer = importer
        self._position = Position()
        self._mark = ""
        self._seen: Seen | None = None
        self._stamp = ""
        self._whole = importer.id not in APPENDABLE
        self._known: dict[int, Step] = {}
        self._count = 0
        self.refresh()

    @property
    def steps(self) -> int:
        """How many steps are known."""
        return self._count

    def refresh(self) -> TailChange:
        """Return what is new since the last call.

        Raises:
            TraceError: the file cannot be read any more.
        """
        now = seen(str(self.path))
        if now is None:
            return TailChange("gone")
        files = [self.path, *self._importer.companions(self.path)] if self._whole else []
        stamped = stamp(files)
        if now == self._seen and stamped == self._stamp:
            return TailChange("unchanged")
        other = self._seen is not None and now.inode != self._seen.inode
        self._seen, self._stamp = now, stamped
        if not self._whole:
            made = self._in_parts(replaced=other)
            if made is not None:
                return made
            self._whole = True
        return self._as_whole(now)

    def _in_parts(self, *, replaced: bool) -> TailChange | None:
        with SourceBytes(self.path) as source:
            replaced = replaced or not still(source.data, self._mark)
            if replaced:
                self._position, self._known, self._count = Position(), {}, 0
            before, read = self._count, 0
            new: list[Step] = []
            changed: list[Step] = []
            while True:
                part = next_part(self._importer, source, self._position, _PART)
                if part is None:
                    return None
                begun = 0 if part.start.offset <= part.start.head else part.start.offset
                read += part.end - begun
                del new[max(0, part.start.steps - before) :]
                for step in part.steps:
                    if step.index >= before:
                        new.append(step)
                    elif self._known.get(step.index) != step:
                        changed.append(step)
                done = part.end == begun or part.after.offset == part.start.offset
                self._position = part.after
                if done or part.end >= source.data.rfind(b"\n") + 1:
                    break
            self._known = {step.index: step for step in part.steps[part.settled :]}
            self._count = max(before, part.start.steps + len(part.steps))
            self._mark = mark(source.data, part.end)
        return TailChange("replaced" if replaced else "grown", tuple(new), tuple(changed), read)

    def _as_whole(self, now: Seen) -> TailChange:
        traces = open_traces(self.path)
        steps = traces[0].trajectory.steps
        for trace in traces:
            trace.close()
        before = self._count
        kept = all(
            step.index in self._known and self._known[step.index].uid == step.uid
            for step in steps[:before]
        )
        replaced = bool(before) and (len(steps) < before or (bool(self._known) and not kept))
        changed = tuple(step for step in steps[:before] if self._known.get(step.index) != step)
        self._known, self._count = {step.index: step for step in steps}, len(steps)
        if replaced:
            return TailChange("replaced", steps, (), now.size)
        return TailChange("grown", steps[before:], changed, now.size)
