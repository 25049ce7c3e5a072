"""A small proposal folder of SkVM for the skill "pdf" with two rounds."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.imports import write
from tests.plugins.inputs import PDF

BETTER = PDF + "\nCount the pages first.\n"


def write_run(root: Path, **meta: object) -> None:
    """Write original, rounds, meta and history."""
    write(
        root,
        {
            "original/SKILL.md": PDF,
            "round-0/SKILL.md": PDF,
            "round-1/SKILL.md": BETTER,
            "round-1/references/pages.md": "# Pages\n",
            "round-2/SKILL.md": PDF + "\nWorse.\n",
            "analysis.md": "# Optimization Analysis",
            "meta.json": {
                "skillName": "pdf", "status": "pending", "bestRound": 1,
                "bestRoundReason": "highest test score", "roundCount": 3,
                "excludedRounds": {"2": "task t3 fell by 0.4"}, **meta,
            },
            "history.json": {
                "entries": [
                    {
                        "round": 1, "rootCause": "The page count was never asked for.",
                        "reasoning": "Three runs read half a file.", "confidence": 0.8,
                        "changes": [
                            {"file": "SKILL.md", "section": "PDF", "description": "Count pages",
                             "generality": "general"}
                        ],
                    }
                ],
                "rounds": [
                    {"round": 0, "trainScore": 0.5, "testScore": 0.6, "testTotal": 4},
                    {"round": 1, "trainScore": 0.9, "trainTotal": 6, "testScore": 0.7,
                     "testTotal": 4},
                ],
            },
        },
    )  # fmt: skip
