"""A small workspace of skill-creator for the skill "pdf", in two iterations."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.imports import write
from tests.plugins.inputs import PDF


def grading(*passed: bool) -> dict[str, object]:
    """Return a grading with an expectation for each verdict."""
    rows = [
        {"text": f"Expectation {number}", "passed": verdict, "evidence": "seen in step 3"}
        for number, verdict in enumerate(passed)
    ]
    return {"expectations": rows, "summary": {"pass_rate": sum(passed) / len(passed)}}


def write_run(root: Path) -> None:
    """Write graded runs of both iterations, a benchmark, feedback and a version of the skill."""
    write(
        root,
        {
            "skill-snapshot/SKILL.md": PDF,
            "iteration-1/eval-0/with_skill/grading.json": grading(True, False),
            "iteration-1/eval-0/without_skill/grading.json": grading(False, False),
            "iteration-2/eval-0/with_skill/run-1/grading.json": grading(True, False),
            "iteration-2/eval-0/with_skill/outputs/SKILL.md": "an output, no version",
            "iteration-2/skill/SKILL.md": PDF + "\nCount the pages.\n",
            "iteration-2/feedback.json": {
                "reviews": [{"run_id": "eval-0", "feedback": "Axis labels"}, {"feedback": ""}]
            },
            "iteration-2/benchmark.json": {
                "metadata": {"skill_name": "pdf", "evals_run": [0]},
                "run_summary": {
                    "with_skill": {"pass_rate": {"mean": 0.5}, "tokens": {"mean": 900}},
                    "without_skill": {"pass_rate": {"mean": 0.75}, "tokens": {"mean": 400}},
                },
            },
        },
    )
