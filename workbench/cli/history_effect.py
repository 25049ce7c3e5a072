"""``history --effect``: sessions before and since each applied proposal, with counts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json, progress
from workbench.cli.history_changes import all_entries, shelf_of
from workbench.cli.trace_door import files_at, open_any
from workbench.cli.trace_text import print_table
from workbench.domain.skill import Library, Skill
from workbench.review.history.timeline import made_here
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.traces.importer import TraceError
from workbench.usage.effect import Effect, edits_of, effects
from workbench.usage.effect_words import effect_notes, effect_rows
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.sessions import SessionFacts, SessionReader
from workbench.usage.versions import VersionShelf


def print_effect(library: Path, args: argparse.Namespace) -> int:
    """Print what sessions say before and since each applied proposal."""
    if not args.traces:
        raise UsageProblem(
            "--effect needs --traces PATH: session files, or folders of them, from before and "
            "since the change."
        )
    found, skill = _skill(library, args.skill)
    store, history = shelf_of(args)
    entries = all_entries(library, args.skill, history, store)
    shelf = VersionShelf()
    facts = list(_facts(found, shelf, args.traces))
    measured = effects(
        skill,
        edits_of(entries),
        facts,
        shelf.of(skill),
        born=made_here(entries),
        adjacent=args.adjacent,
    )
    if args.format == "json":
        print_json(
            document(
                "history-effect",
                library=str(library),
                skill=args.skill,
                sessions=len(facts),
                effects=msgspec.to_builtins(measured),
            )
        )
        return 0
    print(f"{len(facts)} sessions")
    for one in measured:
        _print(one)
    if not measured:
        print(f"No proposal was applied to {args.skill}, so there is nothing to measure since.")
    return 0


def _skill(library: Path, name: str) -> tuple[Library, Skill]:
    try:
        found = read_library(library)
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem
    skill = next((one for one in found.skills if one.id == name), None)
    if skill is None:
        raise UsageProblem(f"{library} has no skill {name}. --effect is about one skill.")
    return found, skill


def _facts(library: Library, shelf: VersionShelf, paths: list[Path]) -> Iterator[SessionFacts]:
    from workbench.cli.annotation_places import open_store

    reader = SessionReader([library], shelf)
    attached = AttachedOutcomes(tuple(open_store().all()))
    for path in paths:
        try:
            files = files_at(path, lambda text: print(text, file=sys.stderr))
        except TraceError as problem:
            raise UsageProblem(str(problem)) from problem
        for file in files:
            progress(f"Reading {file} ...")
            try:
                traces = open_any(file)
            except TraceError as problem:
                print(str(problem), file=sys.stderr)
                continue
            for trace in traces:
                with trace:
                    yield reader.read(trace, with_attached(trace.trajectory, attached))


def _print(one: Effect) -> None:
    print(coloured(f"\n{one_line(one.edit.title)}", "bold"), f"{one.edit.commit[:10]}")
    print_table(("", "before", "since", ""), effect_rows(one))
    for note in effect_notes(one):
        print(f"! {one_line(note)}")
