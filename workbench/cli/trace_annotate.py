"""``trace annotate``, ``trace outcome`` and ``trace annotations``: what a person says of traces."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

from workbench.cli import console
from workbench.cli.annotation_places import now, one_trace, open_store, row, words
from workbench.cli.skill_paths import library_at
from workbench.cli.trace_annotations import (
    delete_annotations,
    export_annotations,
    import_annotations,
    list_annotations,
)
from workbench.cli.trace_outcomes import judged_fields
from workbench.domain.annotation import AnnotationSeverity, SkillLine, StepAnchor, Verdict
from workbench.domain.trajectory import OutcomeStatus
from workbench.files import FileProblem
from workbench.store.annotations import AnnotationStore
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import Placed, anchor_of
from workbench.usage.outcomes import AttachedOutcomes, outcome_of

ACTIONS: Final = ("annotate", "annotations", "outcome")
_VERDICTS: Final = [one for one in get_args(Verdict) if one]
_SEVERITIES: Final = [one for one in get_args(AnnotationSeverity) if one]


def add_annotate_actions(actions: Any) -> None:
    """Add the three actions to those of ``trace``."""
    _add_annotate(_action(actions, "annotate", "say something of a step, or of a whole trace"))
    _add_outcome(_action(actions, "outcome", "attach how a session ended, or show it"))
    parser = actions.add_parser("annotations", help="list, export, import, delete, restore")
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|export|import|…")
    for name, summary in (
        ("list", "every annotation with its place, broken ones as well"),
        ("export", "a label set as JSON lines, for 'evolve --labels' and evaluations"),
    ):
        part = _action(parts, name, summary)
        part.add_argument("paths", nargs="*", metavar="PATH", help="only of these traces")
        _add_filter(part)
    part.add_argument("--out", type=Path, metavar="FILE", help="a file instead of the screen")
    part.add_argument("--text", action="store_true", help="with what each step says")
    part = _action(parts, "import", "a label set, or a CSV or JSON file of outcomes")
    part.add_argument("file", type=Path, metavar="FILE")
    part.add_argument("paths", nargs="*", metavar="PATH", help="the traces outcomes are about")
    for name, summary in (("delete", "take annotations back"), ("restore", "undo a deletion")):
        part = _action(parts, name, summary)
        part.add_argument("ids", nargs="+", metavar="ID")


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
    made.add_argument("--format", choices=("text", "json"), default="text")
    return made


def _add_annotate(action: argparse.ArgumentParser) -> None:
    action.add_argument("path", type=Path, metavar="PATH", help="trace file")
    action.add_argument("--trace", metavar="ID", help="which trace, where a file holds several")
    action.add_argument("--step", type=int, metavar="N", help="the step; the whole trace without")
    action.add_argument("--id", metavar="ID", help="change this annotation; attach it to --step")
    action.add_argument("--label", help="a short word to count and filter by")
    action.add_argument("--note")
    action.add_argument("--verdict", choices=_VERDICTS)
    action.add_argument("--severity", choices=_SEVERITIES)
    action.add_argument("--quote", help="the words of the step that are meant")
    action.add_argument("--skill", metavar="ID", help="link a line of this skill")
    action.add_argument("--file", default="SKILL.md", help="file of the skill (SKILL.md)")
    action.add_argument("--line", type=int, default=1, metavar="N", help="line of the file (1)")
    action.add_argument("--library", metavar="DIR", help="library of the skill: its line is kept")
    action.add_argument("--author", help="who says so (you)")


def _add_outcome(action: argparse.ArgumentParser) -> None:
    words = list(get_args(OutcomeStatus))
    action.add_argument("path", type=Path, metavar="PATH", help="trace file")
    action.add_argument("outcome", nargs="?", choices=words, help="shows what there is without")
    action.add_argument("--trace", metavar="ID", help="which trace, where a file holds several")
    action.add_argument("--score", type=float, help="how well, 1 is best")
    action.add_argument("--note")
    action.add_argument("--author", help="who says so (you)")
    action.add_argument("--clear", action="store_true", help="take the attached outcome back")


def _add_filter(part: argparse.ArgumentParser) -> None:
    part.add_argument("--label")
    part.add_argument("--verdict", choices=_VERDICTS)
    part.add_argument("--severity", choices=_SEVERITIES)
    part.add_argument("--skill", metavar="ID")
    part.add_argument("--find", metavar="TEXT", help="in label, note, quote and step")


def run_annotations(args: argparse.Namespace) -> int:
    """Run one of the actions.

    Raises:
        UsageProblem: a path, an id or a value is wrong.
    """
    parts: dict[str, Callable[[AnnotationStore, argparse.Namespace], int]] = {
        "annotate": _annotate,
        "outcome": _outcome,
        "list": list_annotations,
        "export": export_annotations,
        "import": import_annotations,
        "delete": delete_annotations,
        "restore": delete_annotations,
    }
    try:
        store = open_store()
        return parts[getattr(args, "part", args.action)](store, args)
    except (FileProblem, TraceError) as problem:
        raise console.UsageProblem(str(problem)) from problem
    except ValueError as problem:
        raise console.UsageProblem(f"this would be {problem}.") from problem


def _annotate(store: AnnotationStore, args: argparse.Namespace) -> int:
    given = {"label", "note", "verdict", "severity", "quote", "author"}
    fields = {name: getattr(args, name) for name in given if getattr(args, name) is not None}
    if args.skill is not None:
        fields["skill"] = _skill_line(args)
    with one_trace(args.path, args.trace) as trace:
        anchor = _anchor(trace, args)
    if args.id is None:
        made = store.add(anchor, now(), **fields)
    else:
        if args.step is not None:
            fields["anchor"] = anchor
        made = store.change(args.id, now(), **fields)
    if args.format == "json":
        console.print_json(console.document("trace-annotation", **row(Placed(made, "found"))))
    else:
        place = "the trace" if made.anchor.step is None else f"step {made.anchor.step}"
        print(console.one_line(f"{made.id}  {words(made)}: {place} of {made.anchor.path}"))
    return 0


def _anchor(trace: OpenTrace, args: argparse.Namespace) -> StepAnchor:
    if args.step is None:
        if args.quote:
            raise console.UsageProblem("--quote needs --step: a quote is of one step.")
        return anchor_of(trace, file=args.path)
    count = len(trace.trajectory.steps)
    if not 0 <= args.step < count:
        raise console.UsageProblem(f"{args.path} has no step {args.step}: it has {count} steps.")
    if args.quote and trace.locate(args.step, args.quote) is None:
        raise console.UsageProblem(
            f"step {args.step} does not say '{args.quote}', word for word. `skill-workbench trace "
            "show` prints what it says."
        )
    return anchor_of(trace, args.step, args.path)


def _skill_line(args: argparse.Namespace) -> SkillLine:
    text = ""
    if args.library is not None:
        skill = library_at(args.library).skill(args.skill)
        if skill is None:
            raise console.UsageProblem(f"{args.library} has no skill '{args.skill}'.")
        if args.file not in {file.path for file in skill.files}:
            raise console.UsageProblem(f"the skill '{args.skill}' has no file {args.file}.")
        data = (Path(skill.path) / args.file).read_bytes()
        lines = data.decode("utf-8", "replace").splitlines()
        if not 1 <= args.line <= max(1, len(lines)):
            raise console.UsageProblem(f"{args.file} has no line {args.line}: it has {len(lines)}.")
        text = lines[args.line - 1].strip() if lines else ""
    return SkillLine(args.skill, args.file, args.line, text)


def _outcome(store: AnnotationStore, args: argparse.Namespace) -> int:
    with one_trace(args.path, args.trace) as trace:
        one, anchor = trace.trajectory, anchor_of(trace, file=args.path)
        before = outcome_of(one, AttachedOutcomes(store.all())).attached
    if args.clear and before is not None:
        store.delete(before.annotation, now())
    elif args.outcome is not None:
        store.attach(
            anchor,
            now(),
            before.annotation if before is not None else "",
            outcome=args.outcome,
            score=args.score,
            note=args.note or "",
            author=args.author or "",
        )
    elif args.score is not None or args.note is not None:
        raise console.UsageProblem("a score or a note needs an outcome: pass, fail, partial, …")
    found = outcome_of(one, AttachedOutcomes(store.all()))
    if args.format == "json":
        fields = {"path": anchor.path, "id": one.id, **judged_fields(found)}
        console.print_json(console.document("trace-outcome", **fields))
        return 0
    print(console.one_line(f"{found.status}  {found.source or 'not recorded'}"))
    if found.attached is not None:
        print(f"  recorded in the trace: {found.recorded.status}")
    return 0
