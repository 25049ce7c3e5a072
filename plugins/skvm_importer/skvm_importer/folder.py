"""What a proposal folder of SkVM says of itself.

Layout (src/proposals/storage.ts, 2026-07): ``original/`` and ``round-N/`` are full skill folders,
``meta.json`` has skillName, status (pending, accepted, rejected, infra-blocked), bestRound,
bestRoundReason, blockedReason and excludedRounds, ``history.json`` has entries (round, rootCause,
reasoning, confidence, changes) and rounds (trainScore, testScore, trainTotal ...).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workbench.plugin.api import (
    RunFolder,
    Score,
    SourceProblem,
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
)

_ROUND = re.compile(r"round-(\d{1,6})")
_META = "meta.json"


@dataclass(frozen=True)
class Folder:
    """One proposal folder. ``entries`` and ``scores`` are by round."""

    path: str
    name: str
    status: str
    best: int
    reason: str
    blocked: str
    rounds: tuple[int, ...]
    excluded: dict[str, str] = field(default_factory=dict)
    entries: dict[int, dict[str, object]] = field(default_factory=dict)
    figures: dict[int, dict[str, object]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def round_folder(self, number: int) -> str:
        """Return the folder of a round in the run."""
        return f"{self.path}/round-{number}" if self.path else f"round-{number}"

    def scores(self, number: int) -> tuple[Score, ...]:
        """Return SkVM's own scores of a round beside those of round 0."""
        return tuple(self._scores(number))

    def _scores(self, number: int) -> Iterator[Score]:
        before, after = self.figures.get(0, {}), self.figures.get(number, {})
        for key, total, split in (
            ("trainScore", "trainTotal", "train"),
            ("testScore", "testTotal", "val"),
        ):
            value = as_number(after.get(key))
            if value is None and split == "train":
                value = as_number(self.entries.get(number, {}).get(key))
            if value is not None:
                yield Score(
                    "mean task score",
                    as_number(before.get(key)),
                    value,
                    n=as_count(after.get(total)),
                    split=split,
                    evaluator="skvm",
                )


def proposal_folders(run: RunFolder) -> tuple[str, ...]:
    """Return the proposal folders of a source, "" for its top."""
    found = []
    for path in run.files:
        folder, _, name = path.rpartition("/")
        if name == _META and (_rounds(run, folder) or "original" in run.folders(folder)):
            found.append(folder)
    return tuple(found)


def read_folder(run: RunFolder, path: str) -> Folder:
    """Read one proposal folder.

    Raises:
        SourceProblem: its meta.json cannot be read or is none.
    """
    prefix = f"{path}/" if path else ""
    document = run.read_json(prefix + _META)
    meta = as_mapping(document)
    if "skillName" not in meta and "bestRound" not in meta:
        raise SourceProblem(f"{prefix}{_META} was not understood: it names no skill and no round.")
    problems: list[str] = []
    history: dict[str, object] = {}
    if f"{prefix}history.json" in run.files:
        try:
            read = run.read_json(f"{prefix}history.json")
            history = {"entries": read} if isinstance(read, list) else as_mapping(read)
        except SourceProblem as problem:
            problems.append(str(problem))
    return Folder(
        path,
        as_text(meta.get("skillName")),
        as_text(meta.get("status")),
        as_count(meta.get("bestRound")),
        as_text(meta.get("bestRoundReason")),
        as_text(meta.get("blockedReason")),
        _rounds(run, path),
        {key: as_text(value) for key, value in as_mapping(meta.get("excludedRounds")).items()},
        _by_round(history.get("entries")),
        _by_round(history.get("rounds")),
        tuple(problems),
    )


def _by_round(rows: object) -> dict[int, dict[str, object]]:
    return {
        as_count(row.get("round")): row for row in map(as_mapping, as_list(rows)) if "round" in row
    }


def _rounds(run: RunFolder, folder: str) -> tuple[int, ...]:
    found = [_ROUND.fullmatch(name) for name in run.folders(folder)]
    return tuple(sorted(int(one[1]) for one in found if one))
