"""What the evidence miner reaches on published data; ``python -m tests.corpus.miner_measures DATA``
prints the table. Everything is seeded: the same data give the same figures.
"""

from __future__ import annotations

import bisect
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.corpus.miner_planted import (
    PLUGIN,
    Figure,
    harm,
    planted_copies,
    planted_dead_links,
    planted_front_matter,
)
from workbench.evolution.request import build_request
from workbench.plugin.testing import run_in_process
from workbench.skills.library import read_library
from workbench.traces.open import open_traces

HALVES = 50
#: A word of a lesson is salient when no more tasks than this use it.
RARE_TASKS = 3


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative; a tie counts half."""
    ordered = sorted(negative)
    below = (
        (bisect.bisect_left(ordered, one) + bisect.bisect_right(ordered, one)) / 2
        for one in positive
    )
    return sum(below) / (len(positive) * len(negative))


@dataclass
class Spark:
    """The SPARK tasks with their sessions, as the miner reads them."""

    folder: Path
    tasks: list[str] = field(default_factory=list)
    sessions: list[Any] = field(default_factory=list)
    size: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Read all traces; ``seconds`` is the miner's own time over them, without any skill."""
        from evidence_miner.sessions import read_sessions

        self.tasks = sorted(one.parent.name for one in self.folder.glob("*/trajectory.jsonl"))
        opened = [t for task in self.tasks for t in open_traces(self._trajectory(task))]
        self.size = sum(self._trajectory(task).stat().st_size for task in self.tasks)
        with tempfile.TemporaryDirectory() as name:
            run_dir = Path(name)
            library = run_dir / "skills"
            for task, text in self.skill_texts.items():
                (library / task).mkdir(parents=True)
                (library / task / "SKILL.md").write_text(text, "utf-8")
            (run_dir / "run").mkdir()
            with build_request(read_library(library), (), opened, run_dir / "run") as built:
                self.sessions = read_sessions(built.request, _Plain())
                started = time.process_time()
                run_in_process(PLUGIN, built.request, run_dir / "run")
                self.seconds = time.process_time() - started
        for trace in opened:
            trace.close()

    def _trajectory(self, task: str) -> Path:
        return self.folder / task / "trajectory.jsonl"

    @cached_property
    def skill_texts(self) -> dict[str, str]:
        """The skills that another author, a model, wrote of the same runs, by task."""
        files = sorted(self.folder.glob("*/SKILL.md"))
        return {one.parent.name: one.read_text("utf-8") for one in files}

    @cached_property
    def pairs(self) -> dict[str, list[tuple[Any, Any]]]:
        """Failures with what mended them, by task; those of machine and network left out."""
        from evidence_miner.pitfalls import Thresholds, mended_failures

        found: dict[str, list[tuple[Any, Any]]] = {task: [] for task in self.tasks}
        for session in self.sessions:
            for failure, fix in mended_failures(session, Thresholds()):
                if not failure.error.infra:
                    found[session.task].append((failure, fix))
        return found

    @cached_property
    def used(self) -> dict[str, list[frozenset[str]]]:
        """The words each run used, by task."""
        found: dict[str, list[frozenset[str]]] = {task: [] for task in self.tasks}
        for session in self.sessions:
            found[session.task].append(session.used)
        return found


class _Plain:
    """The part of a context that reads traces."""

    def read_trace(self, trace: Any) -> Any:
        from workbench.plugin.context import RunContext

        return RunContext.read_trace(self, trace)  # type: ignore[arg-type]

    def check_cancelled(self) -> None:
        """Nobody cancels here."""

    def progress(self, fraction: float, text: str = "") -> None:
        """Nobody looks."""


def repeated_errors(spark: Spark) -> list[Figure]:
    """Section 4, repeated error -> fix mining; counts belong to the tasks at hand (31 of 67)."""
    actions = [action for session in spark.sessions for action in session.actions]
    failed = [action for action in actions if action.failed]
    told = [action for action in failed if action.error is not None]
    pairs = [(task, *pair) for task, found in spark.pairs.items() for pair in found]
    by_signature: dict[str, list[str]] = {}
    for task, failure, _ in pairs:
        by_signature.setdefault(failure.error.signature, []).append(task)
    again = sum(len(found) > 1 for found in by_signature.values())
    spread = sum(len(set(found)) > 1 for found in by_signature.values())
    alike = sum(_has_similar_success(session) for session in spark.sessions)
    signatures = len({one.error.signature for one in told})
    tasks = len(spark.tasks)
    return [
        Figure(
            "fail -> fix pairs, a task with traces",
            "222 of 495 failing in 67 tasks (3.3); 119 signatures, 43 repeated, 27 in 2 tasks",
            f"{len(pairs)} of {len(told)} that say why ({len(pairs) / tasks:.1f}); {alike} of all "
            f"{len(failed)} failing of {len(actions):,} ({alike / tasks:.1f}); "
            f"{signatures} signatures, {again} repeated, {spread} in 2 tasks or more",
            len(pairs) / tasks,
        )
    ]


def _has_similar_success(session: Any) -> int:
    """Count the failures, with or without an error line, that a similar command followed."""
    from evidence_miner.commands import likeness
    from evidence_miner.sessions import succeeded_after

    return sum(
        any(
            likeness(one.command, later.command) >= 60 for later in succeeded_after(session, one, 6)
        )
        for one in session.actions
        if one.failed
    )


def verifier_flips(spark: Spark) -> list[Figure]:
    """Section 4, verifier flips."""
    from evidence_miner.flips import find_flips

    found = find_flips(spark.sessions)
    failed = sum(not one.passed for each in spark.sessions for one in each.tests.values())
    count = sum(len(flip.tests) for flip in found)
    tasks = len({flip.task for flip in found})
    rate = count / len(spark.tasks)
    return [
        Figure(
            "tests that flip FAIL -> PASS, a task with traces",
            "143 of 698 failed tests in 20 of 67 tasks (2.1 a task)",
            f"{count} of {failed} in {tasks} of {len(spark.tasks)} ({rate:.1f})",
            rate,
            floor=2.1,
        )
    ]


def grounding(spark: Spark) -> list[Figure]:
    """Section 4, grounding score: as placement has it, by the run that fits best."""
    from evidence_miner.terms import code_terms, coverage, rarity_of

    terms = {task: code_terms(text) for task, text in spark.skill_texts.items()}
    rarity = rarity_of(list(terms.values()))
    own: list[float] = []
    other: list[float] = []
    right = 0
    for task, words in terms.items():
        scores = {
            one: max(coverage(words, used, rarity) for used in runs)
            for one, runs in spark.used.items()
        }
        own.append(scores[task])
        other += [score for one, score in scores.items() if one != task]
        right += max(scores, key=lambda one: scores[one]) == task
    value = auc(own, other)
    return [
        Figure("grounding, matched against mismatched (AUC)", ".999", f"{value:.4f}", value, 0.999),
        Figure(
            "source of a skill found",
            "48 of 48",
            f"{right} of {len(terms)}",
            right / len(terms),
            floor=1.0,
        ),
    ]


def foreign_lines(spark: Spark, planted: int = 20) -> list[Figure]:
    """Section 5.2: code lines of other skills planted in each; the report must name them."""
    from evidence_miner.grounding import unused_lines
    from evidence_miner.terms import code_terms, rarity_of, used_terms

    texts = {task: _skill(task, text) for task, text in spark.skill_texts.items()}
    rarity = rarity_of([code_terms(skill.all_text) for skill in texts.values()])
    lines = {task: _code_lines(skill.main_text) for task, skill in texts.items()}
    seed = random.Random(7)
    caught = total = false = own = 0
    for task, skill in texts.items():
        used = frozenset().union(*spark.used[task])
        pool = [line for other in texts if other != task for line in lines[other]]
        text, places = _with_lines(skill.main_text, seed.sample(pool, planted), seed)
        changed = replace(skill, texts={skill.main: text})
        for number, _, _ in unused_lines(changed, used, rarity):
            caught += number in places
            false += number not in places
        total += len(places)
        own += sum(len(used_terms([line])) >= 2 for line in lines[task])
    recall, wrong = caught / total, false / own
    return [
        Figure(
            "planted foreign lines named (recall)",
            "88 %, at least 85 %",
            f"{recall:.0%} of {total}",
            recall,
            floor=0.85,
        ),
        Figure(
            "own lines named wrongly",
            "18 %, at most 20 %",
            f"{wrong:.0%} of {own:,}",
            wrong,
            at_most=0.20,
        ),
    ]


def _skill(name: str, text: str) -> Any:
    from evidence_miner.skill_texts import SkillText

    return SkillText(name, name, "", "SKILL.md", ("SKILL.md",), {"SKILL.md": text})


def _with_lines(text: str, added: list[str], seed: random.Random) -> tuple[str, set[int]]:
    """Return a text with lines planted within its code, and their numbers from 1."""
    from evidence_miner.grounding import fenced_lines

    lines = text.split("\n")
    code = [number for number, _, fenced in fenced_lines(text) if fenced]
    chosen = dict(zip(seed.sample(code, min(len(code), len(added))), added, strict=False))
    made: list[str] = []
    places: set[int] = set()
    for number, line in enumerate(lines, 1):
        made.append(line)
        if number in chosen:
            made.append(chosen[number])
            places.add(len(made))
    return "\n".join(made), places


def _code_lines(text: str) -> list[str]:
    """Return the lines of fenced code with two telling words or more."""
    from evidence_miner.grounding import fenced_lines
    from evidence_miner.terms import used_terms

    code = (line for _, line, fenced in fenced_lines(text) if fenced)
    return [line for line in code if len(used_terms([line])) >= 2]


def agreement(spark: Spark) -> list[Figure]:
    """Section 5.2: words of what worked that few tasks use, in the skill of the same task or not.

    ``new`` counts only words the failed command had not.
    """
    from evidence_miner.terms import used_terms

    told = {task: used_terms([text]) for task, text in spark.skill_texts.items()}
    spread = Counter(word for runs in spark.used.values() for word in frozenset().union(*runs))
    shares: dict[str, list[float]] = {"same": [], "other": [], "new": []}
    for task, own in told.items():
        for failure, fix in spark.pairs[task]:
            worked = used_terms([fix.command])
            salient = {word for word in worked if spread[word] <= RARE_TASKS}
            fresh = salient - used_terms([failure.command])
            if fresh:
                shares["new"].append(len(fresh & own) / len(fresh))
            if salient:
                shares["same"].append(len(salient & own) / len(salient))
                others = (len(salient & told[one]) / len(salient) for one in told if one != task)
                shares["other"] += others
    same, other, new = (_mean(shares[name]) for name in ("same", "other", "new"))
    return [
        Figure(
            "salient words of a lesson in the skill another author wrote of the task",
            "50 %",
            f"{same:.1%} of {len(shares['same'])} lessons ({new:.0%} of words new in the fix)",
            same,
            floor=0.50,
        ),
        Figure(
            "the same, in the skill of another task",
            "3.5 %",
            f"{other:.1%}",
            other,
            at_most=0.035,
        ),
    ]


def transfer(spark: Spark) -> list[Figure]:
    """Section 5.2: rules of half of the tasks on the failures of the other, 50 seeded halves."""
    failures: dict[str, list[Any]] = {task: [] for task in spark.tasks}
    for session in spark.sessions:
        failures[session.task] += [
            one
            for one in session.actions
            if one.failed and one.error is not None and not one.error.infra
        ]
    covered: list[float] = []
    agreed: list[float] = []
    counts: list[int] = []
    for seed in range(HALVES):
        half = set(random.Random(seed).sample(spark.tasks, len(spark.tasks) // 2))
        rules: dict[str, set[str]] = {}
        for task in half:
            for failure, fix in spark.pairs[task]:
                rules.setdefault(failure.error.signature, set()).update(_fix_words(failure, fix))
        rest = [task for task in spark.tasks if task not in half]
        seen = [one for task in rest for one in failures[task]]
        hit = [one for one in seen if one.error.signature in rules]
        mended = [
            bool(_fix_words(failure, fix) & rules[failure.error.signature])
            for task in rest
            for failure, fix in spark.pairs[task]
            if failure.error.signature in rules
        ]
        counts.append(len(rules))
        covered.append(len(hit) / len(seen))
        agreed.append(_mean([float(one) for one in mended]))
    cover, agree = _mean(covered), _mean(agreed)
    return [
        Figure(
            "failures of the other half of the tasks covered",
            "24 % (about 11 rules a half)",
            f"{cover:.1%} ({_mean(counts):.0f} rules a half)",
            cover,
            floor=0.24,
        ),
        Figure("the fix agrees where one is covered", "30 %", f"{agree:.1%}", agree, floor=0.30),
    ]


def _fix_words(failure: Any, fix: Any) -> frozenset[str]:
    from evidence_miner.commands import words_of

    words = words_of(fix.command) - words_of(failure.command)
    missing = re.match(r"(\S+): command not found", failure.error.signature)
    calls = missing and re.search(rf"(?:^|[;&|(\n]\s*){re.escape(missing[1])}\s", fix.command)
    return words | {f"without {missing[1]}"} if missing and not calls else words


def near_doubles(data: Path) -> list[Figure]:
    """Section 4: versions of one skill against other skills of the same field (GRASP)."""
    from evidence_miner.similarity import cosine, vectors

    texts: dict[str, tuple[str, str]] = {}
    for path in sorted((data / "evolution" / "grasp").rglob("*.md")):
        if "skills" in path.parts:
            body = re.sub(r"\A---\n.*?\n---\n", "", path.read_text("utf-8"), flags=re.S).strip()
            run = str(path).partition("/skills/")[0]
            texts.setdefault(body, (run, re.sub(r"_v\d+$", "", path.stem)))
    made, names = vectors(list(texts)), list(texts.values())
    same: list[float] = []
    other: list[float] = []
    for number, vector in enumerate(made):
        for before in range(number):
            scores = same if names[before] == names[number] else other
            scores.append(cosine(made[before], vector))
    value = auc(same, other)
    return [
        Figure(
            "near doubles (AUC)",
            ".953 for skills of one task among 1,241 of many",
            f"{value:.3f} for versions of one skill among {len(texts)} of one field",
            value,
            floor=0.953,
        )
    ]


def speed(spark: Spark) -> list[Figure]:
    """The issue's own figure: all SPARK traces, one core."""
    rate = spark.size / 1e6 / spark.seconds
    return [
        Figure(
            "speed over all SPARK traces, MB a second on one core",
            "3",
            f"{rate:.1f} ({spark.size / 1e6:.1f} MB in {spark.seconds:.1f} s of CPU)",
            rate,
            floor=3.0,
        )
    ]


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def all_figures(data: Path, folder: Path) -> list[Figure]:
    """Return every figure; ``folder`` is for libraries with planted faults."""
    sys.path.insert(0, str(PLUGIN))
    try:
        spark = Spark(data / "evolution" / "spark")
        return [
            *planted_dead_links(data, folder / "links"),
            *foreign_lines(spark),
            *planted_copies(data, folder / "copies"),
            *planted_front_matter(data, folder / "front"),
            *agreement(spark),
            *transfer(spark),
            *grounding(spark),
            *near_doubles(data),
            *repeated_errors(spark),
            *verifier_flips(spark),
            *harm(data),
            *speed(spark),
        ]
    finally:
        sys.path.remove(str(PLUGIN))


def as_markdown(figures: Sequence[Figure]) -> str:
    """Return the table."""
    lines = ["| question | reference | here | holds |", "|---|---|---|---|"]
    lines += [
        f"| {one.question} | {one.reference} | {one.here} | {_verdict(one)} |" for one in figures
    ]
    return "\n".join(lines) + "\n"


def _verdict(figure: Figure) -> str:
    if figure.floor is None and figure.at_most is None:
        return "not comparable"
    return "yes" if figure.holds else "NO"


def main() -> None:
    """Print the table of the data in the folder that is named."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(as_markdown(all_figures(Path(sys.argv[1]), Path(folder))))


if __name__ == "__main__":
    main()
