"""A small finished patch of Trace2Skill for the skill "pdf"."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.imports import write

EDITS: list[dict[str, object]] = [
    {
        "file": "SKILL.md",
        "op": "insert_after",
        "target_section": "# PDF",
        "target_text": "Run `python scripts/extract.py input.pdf`.",
        "content": "Count the pages first.",
    },
    {
        "file": "SKILL.md",
        "op": "add_section",
        "target_section": "## Limits",
        "content": "Scans need OCR, see references/ocr.md.",
    },
    {"file": "references/ocr.md", "op": "create", "content": "# OCR\n"},
]


def write_run(root: Path) -> None:
    """Write a patch with its intermediates, for a skill named by the first part of its paths."""
    edits = [{**edit, "file": f"pdf/{edit['file']}"} for edit in EDITS]
    write(
        root,
        {
            "map_patches/patch_000.json": {"reasoning": "a", "edits": []},
            "map_patches/patch_001.json": {"reasoning": "b", "edits": []},
            "merge_level_1/merged_000.json": {"reasoning": "ab", "edits": []},
            "final_patch.json": {
                "reasoning": "Two runs failed on long files.",
                "edits": edits,
                "changelog_entries": ["Page count", "OCR"],
            },
        },
    )
