"""Published skills are benign: what the scanner makes of them is its false-positive rate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.plugins.pattern_scanner.scanning import Scan, scan_folder
from workbench.skills.library import read_library

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def _scans(corpus: Path) -> dict[str, Scan]:
    library = read_library(corpus / "skills")
    return {
        skill.id: scan_folder(Path(skill.path), skill.name, skill.description)
        for skill in library.skills
    }


def test_published_skills_are_nearly_all_clean(corpus: Path) -> None:
    scans = _scans(corpus)

    verdicts = Counter(scan.verdict for scan in scans.values())
    told = "\n".join(f"{k}\n{scan.told()}" for k, scan in scans.items() if scan.verdict != "clean")
    assert len(scans) >= 280
    assert verdicts["dangerous"] <= 0.01 * len(scans), told
    assert verdicts["review"] <= 0.04 * len(scans), told
