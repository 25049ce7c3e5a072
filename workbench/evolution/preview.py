"""What would leave the machine, and what is put in place of secrets before it does.

Prompts are made by the engine while it runs; known before is what it makes them of: the traces as
it gets them, the documents and the skills. Each is passed through the same replacement as prompts.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.evolution.trace_lines import trace_ids, with_children, write_trace
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.traces.redact.redactor import Redactor

_SAMPLES = 5
_LOOKED_AT = 20
_AROUND = 60


class SourcePreview(Struct, frozen=True):
    """One trace, document or skill: its size in bytes and what is replaced in it.

    ``kinds`` counts replacements by kind. ``samples`` are pieces of text as they would be sent, so
    that no secret is shown here either.
    """

    name: str
    kind: str
    size: int
    kinds: tuple[tuple[str, int], ...] = ()
    samples: tuple[str, ...] = ()
    problem: str = ""

    @property
    def replaced(self) -> int:
        """How many places are replaced."""
        return sum(count for _, count in self.kinds)


def preview(
    traces: Sequence[OpenTrace],
    documents: Sequence[Path] = (),
    skills: Sequence[Skill] = (),
    *,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[SourcePreview, ...]:
    """Say for each source what is replaced in it; reads everything, so in a thread.

    Args:
        traces: open traces; their subagents' are looked at as well.
        documents: files an engine may learn from.
        skills: those the engine gets.
        progress: told how far it is.
        cancelled: asked between sources.
    """
    found: list[SourcePreview] = []
    total = max(1, len(documents) + len(skills) + len(traces))

    def add(one: SourcePreview) -> None:
        found.append(one)
        progress(min(1.0, len(found) / total), f"Looked at {one.name}")

    with _with_subagents(traces) as everything:
        for name, trace in zip(trace_ids(everything), everything, strict=True):
            if cancelled():
                return tuple(found)
            add(_of_trace(name, trace, cancelled))
    for path in documents:
        add(_of_file(path.name, "document", (path,)))
    for skill in skills:
        files = [Path(skill.root) / skill.library_path(file.path) for file in skill.files]
        add(_of_file(skill.name or skill.id, "skill", files))
    return tuple(found)


@contextmanager
def _with_subagents(traces: Sequence[OpenTrace]) -> Iterator[tuple[OpenTrace, ...]]:
    everything = with_children(traces)
    given = {id(trace) for trace in traces}
    try:
        yield everything
    finally:
        for trace in everything:
            if id(trace) not in given:
                trace.close()


def _of_trace(name: str, trace: OpenTrace, cancelled: Callable[[], bool]) -> SourcePreview:
    with tempfile.TemporaryDirectory(prefix="skill-workbench-preview-") as folder:
        path = Path(folder) / "trace.jsonl"
        try:
            write_trace(trace, name, path, cancelled)
        except (TraceError, OSError) as problem:
            return SourcePreview(name, "trace", 0, problem=str(problem))
        return _of_file(name, "trace", (path,))


def _of_file(name: str, kind: str, paths: Sequence[Path]) -> SourcePreview:
    redactor = Redactor()
    kinds: Counter[str] = Counter()
    samples: list[str] = []
    size = 0
    for path in paths:
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                for line in stream:
                    size += len(line)
                    clean, hits = redactor.redact(line)
                    kinds.update(hit.kind for hit in hits)
                    if len(samples) < _SAMPLES:
                        found = (_sample(clean, hit.replacement) for hit in hits[:_LOOKED_AT])
                        samples += list(dict.fromkeys(one for one in found if one not in samples))
        except OSError as problem:
            return SourcePreview(name, kind, size, problem=f"{path}: {problem.strerror}")
    return SourcePreview(name, kind, size, tuple(kinds.most_common()), tuple(samples[:_SAMPLES]))


def _sample(clean: bytes, replacement: str) -> str:
    text = clean.decode("utf-8", "replace")
    at = text.find(replacement)
    piece = text[max(0, at - _AROUND) : at + len(replacement) + _AROUND]
    return " ".join(piece.replace("\\n", " ").split())


_KINDS = {
    "home": ("home folder", "home folders"),
    "mail": ("mail address", "mail addresses"),
    "private-ip": ("private address", "private addresses"),
}


def kinds_words(kinds: Sequence[tuple[str, int]]) -> str:
    """Say how many of each kind; empty when there are none."""
    named = ((_KINDS.get(kind, (kind, kind)), count) for kind, count in kinds)
    return ", ".join(f"{count:,} {words[count != 1]}" for words, count in named)


def preview_words(found: Sequence[SourcePreview]) -> str:
    """Say in one sentence what would be sent and what is replaced."""
    kinds: Counter[str] = Counter()
    for one in found:
        kinds.update(dict(one.kinds))
    size = sum(one.size for one in found)
    count = f"{len(found)} source" + ("" if len(found) == 1 else "s")
    head = f"Prompts are made of {count}, {size / 1024:,.0f} KiB."
    if not kinds:
        return f"{head} Nothing in them looks like a secret, a mail address or a home folder."
    parts = kinds_words(kinds.most_common())
    return f"{head} Before anything is sent, {sum(kinds.values()):,} places are replaced: {parts}."
