"""``walkthrough``: the main job end to end on the bundled example, with no network and no model.

It looks, lets an engine propose, reviews, applies, merges, reverts, and checks each claim on the
way against the bytes on disk. The real window, without a screen, is drawn at every step.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

#: Says that a folder was made by this command and may be made again.
_MARK = ".skill-workbench-walkthrough"


def run(arguments: Sequence[str]) -> int:
    """Walk through; return 0, 1 when something does not hold, 2 when it cannot begin."""
    parser = argparse.ArgumentParser(
        prog="skill-workbench walkthrough",
        description="The main job end to end on the bundled example, with no network and no model.",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    out = options.out or Path(tempfile.mkdtemp(prefix="skill-workbench-walkthrough-"))
    try:
        _make_place(out.absolute())
    except OSError as problem:
        return _refuse(f"Cannot write to {out}: {problem.strerror or problem}.")
    return _walk(out.absolute())


def _make_place(out: Path) -> None:
    """Make the folder, empty but for what an earlier walkthrough left and is made again.

    Raises:
        OSError: it cannot be written, or holds something else.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / _MARK).is_file():
        raise OSError(
            f"{out} is not empty. Name a new folder with --out, or empty this one yourself"
        )
    (out / _MARK).write_text("Made by skill-workbench walkthrough.\n", encoding="utf-8")
    for name in ("pictures", "work"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in ("report.md", "report.html"):
        (out / name).unlink(missing_ok=True)


def _walk(out: Path) -> int:
    from workbench.evolution.run import EvolveRefused, RequestProblem
    from workbench.files import FileProblem
    from workbench.gui.walk.ledger import Ledger
    from workbench.gui.walk.look_steps import WalkProblem
    from workbench.gui.walk.report import write_report
    from workbench.gui.walk.stage import StageProblem
    from workbench.gui.walk.tour import tour
    from workbench.review.plan import ReviewProblem
    from workbench.store.git import GitProblem

    ledger = Ledger(print)
    try:
        tour(out, ledger)
    except (
        EvolveRefused,
        FileProblem,
        GitProblem,
        RequestProblem,
        ReviewProblem,
        StageProblem,
        WalkProblem,
    ) as problem:
        ledger.claim("the walkthrough comes to its end", False, str(problem))
    when = datetime.now(UTC).isoformat(timespec="seconds")
    source, page = write_report(out, ledger, when)
    claims, failed = ledger.claims, ledger.failed
    print(
        f"\n{len(claims) - len(failed)} of {len(claims)} claims hold, "
        f"{len(ledger.pictures)} pictures.\n{source}\n{page}"
    )
    for claim in failed:
        print(f"does not hold: {claim.text} {claim.detail}".rstrip(), file=sys.stderr)
    return 1 if failed else 0


def _refuse(message: str) -> int:
    print(f"skill-workbench walkthrough: {message}", file=sys.stderr)
    return 2
