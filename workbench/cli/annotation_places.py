"""The user's annotations and the traces they are about, for the commands of ``trace``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli import console
from workbench.cli.trace_door import files_at, open_any
from workbench.domain.annotation import Annotation
from workbench.store.annotations import AnnotationStore
from workbench.store.paths import UserFolders
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import Placed


def open_store() -> AnnotationStore:
    """Return the user's annotations; lines that cannot be read are told.

    Raises:
        FileProblem: they are there and cannot be read.
    """
    store = AnnotationStore(UserFolders.default().annotations)
    for problem in store.problems:
        tell(problem)
    return store


def row(one: Placed) -> dict[str, Any]:
    """Return an annotation with its place, as JSON."""
    return {
        "annotation": msgspec.to_builtins(one.annotation),
        "state": one.state,
        "step": one.step,
        "reason": one.reason,
    }


def words(one: Annotation) -> str:
    """Return what an annotation says, in few words."""
    said = [one.label, one.verdict, f"outcome {one.outcome}" if one.outcome else ""]
    if one.skill is not None:
        said.append(f"{one.skill.skill}/{one.skill.path}:{one.skill.line}")
    return ", ".join(filter(None, said)) or "note"


def family(trace: OpenTrace) -> Iterator[OpenTrace]:
    """Yield a trace and its subagents', theirs as well."""
    yield trace
    for child in trace.children:
        yield from family(child)


@contextlib.contextmanager
def one_trace(path: Path, wanted: str | None) -> Iterator[OpenTrace]:
    """Open the one trace that is meant.

    Raises:
        UsageProblem: the file holds several, or none of that id.
        TraceError: it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(trace) for trace in open_any(path)]
        everyone = traces if wanted is None else [part for one in traces for part in family(one)]
        found = [one for one in everyone if wanted in (None, one.trajectory.id)]
        if len(found) != 1:
            ids = ", ".join(one.trajectory.id for one in traces[:5])
            raise console.UsageProblem(
                f"{path} holds {len(traces)} traces ({ids}). Say which with --trace ID."
            )
        yield found[0]


def opened(paths: Sequence[str], stack: contextlib.ExitStack) -> list[OpenTrace]:
    """Open all traces at the paths; of a folder, those that cannot be read are told.

    Raises:
        TraceError: a file that was named cannot be read.
    """
    found: list[OpenTrace] = []
    for given in paths:
        path = Path(given)
        for file in files_at(path, tell) if path.is_dir() else [path]:
            try:
                inside = open_any(file)
            except TraceError as problem:
                if file == path:
                    raise
                tell(str(problem))
                continue
            found += [stack.enter_context(trace) for trace in inside]
    return found


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def tell(text: str) -> None:
    """Tell a problem on stderr."""
    console.progress("")
    print(console.one_line(f"skill-workbench trace: {text}"), file=sys.stderr)
