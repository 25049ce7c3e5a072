"""A small run folder of GEPA: four candidates of one skill, one of them merged of two."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.imports import write

TEXTS = ["# PDF\n\nSeed.\n", "# PDF\n\nOne.\n", "# PDF\n\nTwo.\n", "# PDF\n\nMerged.\n"]
RESULT = {
    "candidates": [{"pdf": text} for text in TEXTS],
    "parents": [[None], [0], [0], [1, 2]],
    "val_aggregate_scores": [0.25, 0.75, 0.5, 0.75],
    "val_subscores": [{"0": 0, "1": 0.5}] * 4,
    "best_idx": 1,
}


def write_run(root: Path) -> None:
    """Write what GEPA keeps in JSON, beside a state that must not be opened."""
    write(
        root,
        {
            "candidates.json": [{"pdf": text} for text in TEXTS],
            "run_log.json": [
                {
                    "i": 0, "selected_program_candidate": 0, "new_program_idx": 1,
                    "subsample_scores": [0, 0, 1], "new_subsample_scores": [1, 1, 1],
                },
                {"i": 1, "selected_program_candidate": 0, "new_program_indices": [2]},
                {"i": 2, "merged": True, "merged_entities": [1, 2, 0], "new_program_idx": 3},
            ],
        },
    )  # fmt: skip
    (root / "gepa_state.bin").write_bytes(b"cos\nsystem\n(S'touch sprung'\ntR.")
