"""Other people's readers find nothing in the published traces that ours does not.

They live in an environment of their own: set ``TRACE_PEERS_PYTHON`` to its python (see
``tests/oracles/compare_readers.py``). Each difference that stays has its reason here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from tests.oracles.compare_readers import compared, read_ours, read_peers

pytestmark = pytest.mark.corpus

#: (reader, measure, end of the path): why we differ. The bytes were asked in each case.
_EXPLAINED: Final = {
    ("agent-trajectory", "calls", "codex/small.jsonl"): "a namespace belongs to a tool's name",
    ("atif-make", "calls", "codex/small.jsonl"): "a namespace belongs to a tool's name",
    ("agent-trajectory", "results", "codex/small.jsonl"): "they give parts as JSON, we their text",
    ("atif-make", "results", "codex/cleanup/input.jsonl"): "of two results they keep the last",
    ("atif-make", "calls", "codex-exec.jsonl"): "they rename command_execution to shell",
    ("agent-trajectory", "results", "gemini-cli/cleanup/input.json"): "they keep the JSON around",
    ("agent-trajectory", "calls", "openhands/cleanup/input.json"): "a call without a name",
    ("agent-trajectory", "results", "atif/tool-calls/input.json"): "a reference, shown as subagent",
    ("inspect-ai", "results", "log_tool_call_error.json"): "tool messages no assistant asked for",
}
#: What agentpile takes for prompts are results whose calls are in no record of the file.
_LONE_RESULTS: Final = "claude-code-log-1.7.0-records/"
#: Sessions whose subagents a reader leaves out of its sums, or whose copies it counts once more.
_SUBAGENTS: Final = ("claude-code-viewer/", "subagents.jsonl", "unpaired.jsonl", "claude/small")


@pytest.fixture
def peers() -> str:
    """The python of the environment with the other readers."""
    found = os.environ.get("TRACE_PEERS_PYTHON", "")
    if not Path(found).is_file():
        pytest.skip("TRACE_PEERS_PYTHON names no environment with other readers of traces")
    return found


def test_other_readers_find_nothing_that_we_do_not(corpus: Path, peers: str) -> None:
    readings = list(read_ours([corpus / "traces"]))
    by_path = {str(one.path): one for one in readings}
    unexplained: list[str] = []
    read = 0
    for answer in read_peers(peers, readings):
        if "seen" not in answer:
            continue
        read += 1
        path = answer["path"]
        for measure, (verdict, why) in compared(by_path[path].seen, answer["seen"]).items():
            if verdict in ("peer more", "differ") and not _explained(
                answer["reader"], measure, path
            ):
                unexplained.append(f"{answer['reader']} {measure} {path}: {why}")
    assert read > 200
    assert unexplained == []


def _explained(reader: str, measure: str, path: str) -> bool:
    if any(mark in path for mark in _SUBAGENTS):
        return True
    if reader == "agentpile" and _LONE_RESULTS in path:
        return True
    known = (end for by, what, end in _EXPLAINED if (by, what) == (reader, measure))
    return any(path.endswith(end) for end in known)
