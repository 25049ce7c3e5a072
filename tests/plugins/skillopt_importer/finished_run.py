"""Small finished runs of SkillOpt and SkillOpt-Sleep in their three layouts."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.plugins.imports import write
from tests.plugins.inputs import PDF

TRAINED = "# PDF\n\nCheck the page count first.\n"
STAGED = PDF + "\nCheck the page count first.\n"


def write_run(root: Path) -> None:
    """Write seeds beside checkpoints of two models."""
    write(
        root,
        {
            "seeds/pdf/initial.md": "# PDF\n",
            "ckpt/pdf/alpha_skill.md": TRAINED,
            "ckpt/pdf/beta_skill.md": "# PDF\n\nOther.\n",
        },
    )


def write_training(root: Path) -> None:
    """Write the output folder of a training run of two steps."""
    write(
        root,
        {
            "best_skill.md": TRAINED,
            "skills/skill_v0001.md": "# PDF\n\nOne.\n",
            "skills/skill_v0002.md": TRAINED,
            "history.json": [
                {"step": 0, "action": "baseline", "current_score": 0.25},
                {"step": 1, "action": "reject", "selection_hard": 0.2, "best_step": 0},
                {
                    "step": 2, "action": "accept_new_best", "selection_hard": 0.5,
                    "best_score": 0.5, "best_step": 2,
                },
            ],
        },
    )  # fmt: skip


def write_night(root: Path, **row: object) -> None:
    """Write a staged night with one skill of the library."""
    write(
        root,
        {
            "proposed_SKILL.pdf.md": STAGED,
            "manifest.json": {
                "schema_version": 2,
                "skills": [
                    {
                        "skill_name": "pdf",
                        "proposed_file": "proposed_SKILL.pdf.md",
                        "live_skill_path": "/home/somebody/.claude/skills/pdf/SKILL.md",
                        "sha256": hashlib.sha256(STAGED.encode()).hexdigest(),
                        "live_sha256": hashlib.sha256(PDF.encode()).hexdigest(),
                        **row,
                    }
                ],
            },
            "report.md": "# Night 3",
            "report.json": {
                "night": 3,
                "holdout_leaked": False,
                "skill_groups": [
                    {
                        "skill_name": "pdf", "accepted": True, "gate_action": "accept",
                        "baseline_score": 0.5, "candidate_score": 0.75, "n_tasks": 8,
                    }
                ],
                "edits": [
                    {"target": "skill", "op": "add", "content": "Check.", "rationale": "3 failed"},
                    {"target": "memory", "op": "add", "content": "Not of a skill."},
                ],
                "gate_trials": [
                    {
                        "target": "skill", "baseline_score": 0.5, "candidate_score": 0.4,
                        "accepted": False, "task_deltas": [{}, {}],
                    }
                ],
            },
        },
    )  # fmt: skip
