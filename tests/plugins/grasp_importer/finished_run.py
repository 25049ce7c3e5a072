"""A small finished run of GRASP, in the layout of its released results."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.imports import write


def skill(name: str, number: int, body: str, **provenance: object) -> str:
    """Return a skill file as GRASP writes it."""
    lines = [f"  {key}: {value}" for key, value in provenance.items()]
    before = ["---", "description: Read the tables", "  of a file.", f"name: {name}", "provenance:"]
    samples = ["  triggering_sample_ids:", "  - t1", "  - t2", "tags:", "- tables"]
    return "\n".join([*before, *lines, *samples, f"version: {number}", "---", "", body])


def write_run(root: Path) -> None:
    """Write a run with a skill of the library in three versions and a new one."""
    best = "skills/best"
    first = skill("pdf", 1, "# PDF\n\nOne.\n", action="ADD", epoch=0, fixes=4, regressions=0)
    second = skill(
        "pdf", 2, "# PDF\n\nTwo.\n", action="MODIFY", epoch=1, parent_version=1, fixes=2,
        regressions=1, probe_score=1,
    )  # fmt: skip
    third = skill(
        "pdf", 3, "# PDF\n\nThree.\n", action="MODIFY", epoch=3, parent_version=2, fixes=5,
        regressions=0, probe_score=3,
    )  # fmt: skip
    write(
        root,
        {
            f"{best}/.history/pdf_v1.md": first,
            f"{best}/.history/pdf_v2.md": second,
            f"{best}/pdf.md": third,
            f"{best}/unit_check.md": skill("unit_check", 1, "# Units\n", action="ADD", epoch=2),
            "val_scores.json": [
                {"epoch": "baseline", "score": 0.4, "n_total": 80},
                {"epoch": 0, "score": 0.5, "n_total": 80},
                {"epoch": 1, "score": 0.75, "n_total": 80},
            ],
            "test_scores.json": {
                "test_eval_baseline": {"split": "test", "score": 0.3, "n_total": 60},
                "test_eval_best": {"split": "test", "score": 0.2, "n_total": 60},
            },
        },
    )
