"""Label sets: annotations as JSON lines, given away and taken in.

One record a line, schema ``skill-workbench/annotation/1``; ``evolve --labels`` reads them, and any
evaluation of one's own may: each names its trace, step and content hash, so that it can be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from workbench.domain.annotation import (
    Annotation,
    AnnotationSeverity,
    SkillLine,
    StepAnchor,
    Verdict,
)
from workbench.domain.trajectory import OutcomeStatus
from workbench.files import FileProblem, write_atomic
from workbench.usage.annotated import Placed

SCHEMA: Final = "skill-workbench/annotation/1"


class LabelRecord(Struct, frozen=True, kw_only=True):
    """A line of a label set. ``step`` is None and ``uid`` "" for a trace as a whole.

    ``trace`` is the absolute path of the file, ``text`` what the step says where it was asked for.
    """

    schema: str = SCHEMA
    id: str
    trace: str
    trajectory: str
    session: str = ""
    start: str = ""
    step: int | None = None
    uid: str = ""
    content: str = ""
    says: str = ""
    label: str = ""
    verdict: Verdict = ""
    severity: AnnotationSeverity = ""
    outcome: OutcomeStatus | None = None
    score: float | None = None
    note: str = ""
    quote: str = ""
    author: str = ""
    created: str = ""
    changed: str = ""
    skill: SkillLine | None = None
    text: str | None = None


class LabelFilter(Struct, frozen=True):
    """Which annotations are meant; what is empty does not matter. ``skill`` is an id.

    ``trace`` is part of a path or id; ``text`` is looked for in label, note and quote.
    """

    label: str = ""
    verdict: str = ""
    severity: str = ""
    skill: str = ""
    trace: str = ""
    text: str = ""

    def passes(self, one: Annotation) -> bool:
        """Whether an annotation is meant."""
        anchor = one.anchor
        said = f"{one.label}\n{one.note}\n{one.quote}\n{anchor.says}".casefold()
        return (
            (not self.label or one.label.casefold() == self.label.casefold())
            and (not self.verdict or one.verdict == self.verdict)
            and (not self.severity or one.severity == self.severity)
            and (not self.skill or (one.skill is not None and one.skill.skill == self.skill))
            and (not self.trace or self.trace in anchor.path or self.trace == anchor.trajectory)
            and (not self.text or self.text.casefold() in said)
        )


def label_set(
    found: Iterable[Placed], texts: Mapping[str, str] | None = None
) -> tuple[LabelRecord, ...]:
    """Return annotations as records of a label set.

    Broken ones are left out: what they say cannot be checked. Those of changed steps are left out
    as well.

    Args:
        found: placed annotations.
        texts: what each annotated step says, by annotation id; left out where it is not given.
    """
    return tuple(
        _record(one.annotation, one.step, (texts or {}).get(one.annotation.id))
        for one in found
        if one.state == "found"
    )


def _record(said: Annotation, step: int | None, text: str | None) -> LabelRecord:
    anchor = said.anchor
    return LabelRecord(
        id=said.id,
        trace=anchor.path,
        trajectory=anchor.trajectory,
        session=anchor.session,
        start=anchor.start,
        step=step,
        uid=anchor.uid,
        content=anchor.content,
        says=anchor.says,
        label=said.label,
        verdict=said.verdict,
        severity=said.severity,
        outcome=said.outcome,
        score=said.score,
        note=said.note,
        quote=said.quote,
        author=said.author,
        created=said.created,
        changed=said.changed,
        skill=said.skill,
        text=text,
    )


def write_label_set(path: Path, records: Iterable[LabelRecord]) -> None:
    """Write a label set, all of it or nothing.

    Raises:
        FileProblem: it cannot be written.
    """
    write_atomic(path, lines_of(records))


def lines_of(records: Iterable[LabelRecord]) -> bytes:
    """Return records as JSON lines."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in records)


def is_label_set(path: Path) -> bool:
    """Say whether a file begins like a label set.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.readline(1 << 20)
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    return b'"trajectory"' in start and b'"skill-workbench/annotation/' in start


def read_label_set(path: Path) -> tuple[LabelRecord, ...]:
    """Read a label set.

    Raises:
        FileProblem: it is not there, or a line is no record; the message names the line.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    records: list[LabelRecord] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            records.append(_read_line(line, f"{path}, line {number}"))
    return tuple(records)


def _read_line(line: bytes, where: str) -> LabelRecord:
    try:
        record = msgspec.json.decode(line, type=LabelRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise FileProblem(
            f"{where} is no record of a label set ({problem}). `skill-workbench trace annotations "
            "export` writes label sets."
        ) from problem
    if record.schema != SCHEMA:
        raise FileProblem(
            f"{where} has the schema '{record.schema}'; this program reads '{SCHEMA}'."
        )
    return record


def as_annotation(record: LabelRecord) -> Annotation:
    """Return a record as the annotation it was made of."""
    return Annotation(
        id=record.id,
        anchor=StepAnchor(
            record.trajectory,
            record.uid,
            record.content,
            record.trace,
            record.step,
            record.session,
            record.start,
            record.says,
        ),
        created=record.created,
        changed=record.changed,
        author=record.author,
        label=record.label,
        note=record.note,
        verdict=record.verdict,
        severity=record.severity,
        outcome=record.outcome,
        skill=record.skill,
        quote=record.quote,
        score=record.score,
    )
