"""Any choice among all kinds of hunks, split and edited ones too, applied and taken back on disk.

What has to be on disk follows from a model of a few lines, not from what composes the files.
"""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.review.build import LATER, NOW, SKILL, Bench, edited, git, make_library, tree
from tests.unit.review.test_hunks import TEXTS
from workbench.domain.proposal import Change, Hunk, HunkVerdict, Split
from workbench.files import sha256
from workbench.review.applying.revert import revert
from workbench.review.cutting import suggested_cuts
from workbench.review.decide import decide, record, with_needed
from workbench.review.session import Review
from workbench.review.text_diff.diff import split_lines

ANN = "Ann Reviewer <ann@example.invalid>"
PICTURE, OTHER_PICTURE = b"\x89PNG\x00\x01", b"\x89PNG\x00\x02\xff"
TEXT, OLD, MOVED, RUN = "demo/text.md", "demo/old.md", "demo/moved/new.md", "demo/run.sh"
GONE, PNG, MADE = "demo/gone.md", "demo/pic.png", "demo/made.md"

#: A file with its bytes and whether it may be run; None is no file.
Files = dict[str, tuple[bytes, bool]]


def start_files(text: str, old: str) -> dict[str, bytes]:
    return {
        "demo/SKILL.md": SKILL,
        TEXT: text.encode(),
        OLD: old.encode(),
        RUN: b"#!/bin/sh\necho one\n",
        GONE: b"gone\r\nno end",
        PNG: PICTURE,
    }


def changes_of(text: str, old: str, renamed: str | None, made: str) -> list[Change]:
    return [
        edited(TEXT, text, "c1"),
        Change("c2", OLD, "rename", new_path=MOVED, new_text=renamed if renamed != old else None),
        Change("c3", RUN, "mode", mode="100755"),
        Change("c4", GONE, "delete"),
        Change("c5", PNG, "write", blob=sha256(OTHER_PICTURE)),
        edited(MADE, made, "c6", mode="100755"),
    ]


def on_disk(library: Path) -> Files:
    return {
        path.relative_to(library).as_posix(): (
            path.read_bytes(),
            bool(path.stat().st_mode & stat.S_IXUSR),
        )
        for path in library.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(library).parts
    }


def patched(base: str, hunks: list[Hunk], edits: dict[str, tuple[str, ...]]) -> bytes:
    """Put the lines of hunks in place from the bottom up, so that none moves another."""
    lines = list(split_lines(base))
    for hunk in reversed(hunks):
        first = hunk.base_start - 1
        end = first + len(hunk.base_lines)
        assert tuple(lines[first:end]) == hunk.base_lines
        lines[first:end] = edits.get(hunk.id, hunk.new_lines)
    return "".join(lines).encode()


def model(
    before: dict[str, bytes], chosen: tuple[Hunk, ...], edits: dict[str, tuple[str, ...]]
) -> Files:
    """Return the files that the chosen hunks make."""
    files = {path: (data, False) for path, data in before.items()}
    kinds = {(hunk.path, hunk.kind) for hunk in chosen}

    def texts(path: str, kind: str = "text") -> list[Hunk]:
        return [hunk for hunk in chosen if hunk.path == path and hunk.kind == kind]

    for path in (TEXT, OLD):
        files[path] = (patched(before[path].decode(), texts(path), edits), False)
    if (OLD, "rename") in kinds:
        files[MOVED] = files.pop(OLD)
    if (RUN, "mode") in kinds:
        files[RUN] = (files[RUN][0], True)
    if (GONE, "delete") in kinds:
        del files[GONE]
    if (PNG, "binary") in kinds:
        files[PNG] = (OTHER_PICTURE, False)
    if made := texts(MADE, "create"):
        lines = [line for hunk in made for line in edits.get(hunk.id, hunk.new_lines)]
        files[MADE] = ("".join(lines).encode(), True)
    return files


def drawn(
    review: Review, data: st.DataObject
) -> tuple[Review, tuple[Hunk, ...], dict[str, tuple[str, ...]]]:
    """Split some hunks, choose some with what they need, and edit some of these."""
    splits = []
    for hunk in review.hunks:
        cuts = suggested_cuts(hunk, "lines")
        if cuts and data.draw(st.booleans(), label="split"):
            splits.append(Split(hunk.id, cuts))
    review = review.with_splits(splits)
    wanted = [hunk for hunk in review.hunks if data.draw(st.booleans(), label=hunk.kind)]
    chosen = with_needed(review, wanted) if wanted else ()
    edits = {
        hunk.id: ("mine\r\n", *hunk.new_lines)
        for hunk in chosen
        if hunk.kind in ("text", "create")
        and hunk.new_lines
        and data.draw(st.booleans(), label="edit")
    }
    return review, chosen, edits


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS.filter(bool), st.booleans(), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_choice_is_on_disk_exactly_and_taking_it_back_leaves_every_byte(
    text, new, old, renamed, made, in_git, data
):
    with tempfile.TemporaryDirectory() as folder:
        before = start_files(text, old)
        library = make_library(Path(folder) / "library", before, repository=in_git)
        bench = Bench(
            Path(folder),
            library,
            changes_of(new, old, renamed, made),
            blobs={sha256(OTHER_PICTURE): OTHER_PICTURE},
        )
        everything = bench.review
        every = model(before, everything.hunks, {})
        assert every[TEXT][0] == new.encode()
        assert every[MOVED][0] == renamed.encode()
        assert every[MADE] == (made.encode(), True)
        assert model(before, (), {}) == on_disk(library)

        review, chosen, edits = drawn(everything, data)
        verdicts = [HunkVerdict(one.id, "accept", edited=edits.get(one.id)) for one in chosen]
        record(review, decide(review, verdicts, reviewer=ANN, now=NOW))
        start = tree(library)
        expected = model(before, chosen, edits)
        if expected == on_disk(library):
            return
        bench.apply()
        assert on_disk(library) == expected
        if in_git:
            assert git(library, "status", "--porcelain") == ""
        revert(bench.store, bench.history, bench.id, now=LATER, reviewer=ANN)
        assert tree(library) == start

        # The rest on top of a part makes all, whatever kinds of hunks are in either.
        record(review, decide(review, verdicts, reviewer=ANN, now=NOW))
        whole = [HunkVerdict(one.id, "accept") for one in review.hunks]
        record(review, decide(review, whole, reviewer=ANN, now=LATER))
        bench.apply()
        assert on_disk(library) == every
        revert(bench.store, bench.history, bench.id, now=LATER, reviewer=ANN)
        assert tree(library) == start
