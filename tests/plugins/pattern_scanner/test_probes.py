from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.pattern_scanner.lures import LURES
from tests.plugins.pattern_scanner.pairs import Pair
from tests.plugins.pattern_scanner.probes import PROBES
from tests.plugins.pattern_scanner.prose_attacks import PROSE
from tests.plugins.pattern_scanner.scanning import scan_files
from tests.plugins.pattern_scanner.script_attacks import SCRIPTS

PAIRS = (*PROBES, *LURES, *PROSE, *SCRIPTS)
_ORDER = ("clean", "review", "dangerous")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_malicious_one_is_flagged(pair: Pair, tmp_path: Path) -> None:
    scan = scan_files(tmp_path, pair.malicious, pair.subject)

    assert _ORDER.index(scan.verdict) >= _ORDER.index(pair.least), scan.told()
    if pair.rule:
        assert pair.rule in scan.rules(), scan.told()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_benign_twin_is_clean(pair: Pair, tmp_path: Path) -> None:
    scan = scan_files(tmp_path, pair.benign, pair.subject)

    assert scan.verdict == "clean", scan.told()


def test_no_two_pairs_have_the_same_name() -> None:
    names = [pair.name for pair in PAIRS]

    assert len(set(names)) == len(names)
