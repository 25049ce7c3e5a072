"""Evidence inside archives and databases: verified, and read again from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.inspect_logs import HEADER, sample, zipped
from workbench.domain.proposal import Evidence
from workbench.evolution.evidence import check_evidence, recheck
from workbench.traces.open import open_traces


def _archive(method: str) -> bytes:
    members: dict[str, Any] = {"samples/a_epoch_1.json": sample(), "header.json": HEADER}
    return zipped(members, method)


def test_a_quote_in_an_archive_verifies_and_verifies_again(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(_archive("zstd"))
    quote = "that is kept as an attachment"
    evidence = Evidence(id="e1", trace="t", step_first=1, step_last=1, quote=quote)
    (trace,) = open_traces(path)
    with trace:
        check = check_evidence(evidence, trace)
    assert (check.status, check.source) == ("verified", f"{path}!samples/a_epoch_1.json")
    assert len(check.source_sha256) == 64
    assert recheck(check, quote) == check
    # Packed in another way, the bytes inside are the same.
    path.write_bytes(_archive("deflate"))
    assert recheck(check, quote).status == "verified"
    path.write_bytes(zipped({"header.json": HEADER}, "zstd"))
    assert recheck(check, quote).status == "source_changed"
    path.unlink()
    assert recheck(check, quote).status == "source_missing"
