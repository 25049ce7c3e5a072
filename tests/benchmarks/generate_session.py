"""Makes a valid Claude Code session of any size out of a small one.

The small session is made here (no recorded one is copied); each repetition gets new ids and hangs
on the last record of the one before, so that the whole is one session with one chain. The shares
of bytes follow what was measured on real sessions: about 43 % structured results, 20 % progress.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SESSION = "5e551015-0000-4000-8000-00000000c0de"
_IDS = ("uuid", "parentUuid", "logicalParentUuid", "sourceToolAssistantUUID", "messageId")
_TURNS = 24


def small_session() -> list[dict[str, Any]]:
    """Return the records of a session with prompts, bundles, parallel results and a compaction."""
    records: list[dict[str, Any]] = []
    for turn in range(_TURNS):
        _turn(records, turn)
    _put(
        records,
        "system",
        subtype="compact_boundary",
        content="Conversation compacted",
        logicalParentUuid=records[-1]["uuid"],
        compactMetadata={"trigger": "auto", "preTokens": 155_000},
    )
    records[-1]["parentUuid"] = None
    return records


def _turn(records: list[dict[str, Any]], turn: int) -> None:
    _put(records, "user", message={"role": "user", "content": f"Please look at part {turn} again."})
    _put(records, "file-history-snapshot", messageId=f"m{turn}", snapshot={"files": {}})
    message = f"msg_{turn:04}"
    for block, tokens in (
        ({"type": "thinking", "thinking": "Let me see. " * 40, "signature": "s" * 400}, 3),
        ({"type": "text", "text": f"I read the files of part {turn}.\n" * 6}, 90),
        (_use(turn, 0, "Read", {"file_path": f"/repo/src/part_{turn}.py"}), 120),
        (
            _use(turn, 1, "Bash", {"command": f"pytest -q tests/part_{turn}", "description": "t"}),
            300,
        ),
    ):
        _put(
            records,
            "assistant",
            requestId=f"req_{turn:04}",
            message={
                "id": message,
                "role": "assistant",
                "model": "claude-example-1",
                "content": [block],
                "stop_reason": None,
                "usage": {
                    "input_tokens": 4,
                    "cache_creation_input_tokens": 900,
                    "cache_read_input_tokens": 30_000 + turn,
                    "output_tokens": tokens,
                },
            },
        )
    asked = records[-1]["uuid"]
    for tick in range(3):
        _put(
            records,
            "progress",
            data={"type": "bash_progress", "output": "collecting ...\n" * 90, "elapsed": tick},
            toolUseID=f"bash-progress-{tick}",
            parentToolUseID=f"toolu_{turn:04}_1",
        )
    source = "".join(f"{n:5}→def part_{turn}_{n}() -> int:\n" for n in range(70))
    for call, text, failed in ((0, source, False), (1, "Exit code 1\n1 failed, 3 passed\n", True)):
        _put(
            records,
            "user",
            parent=asked,
            message={
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": f"toolu_{turn:04}_{call}",
                        "content": text,
                        **({"is_error": True} if failed else {}),
                    }
                ],
            },
            toolUseResult={
                "type": "text",
                "file": {"filePath": f"/repo/src/part_{turn}.py", "content": source * 2},
            },
            sourceToolAssistantUUID=asked,
        )


def _use(turn: int, number: int, name: str, arguments: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": f"toolu_{turn:04}_{number}",
        "name": name,
        "input": arguments,
    }


def _put(records: list[dict[str, Any]], kind: str, parent: str = "", **fields: Any) -> None:
    number = len(records)
    if kind == "file-history-snapshot":
        records.append({"type": kind, "uuid": records[-1]["uuid"], **fields})
        del records[-1]["uuid"]
        return
    chained = [record["uuid"] for record in records if "uuid" in record]
    records.append(
        {
            "parentUuid": parent or (chained[-1] if chained else None),
            "isSidechain": False,
            "userType": "external",
            "cwd": "/repo",
            "sessionId": SESSION,
            "version": "2.1.40",
            "gitBranch": "main",
            "slug": "made-for-measuring",
            "type": kind,
            **fields,
            "uuid": f"00000000-0000-4000-8000-{number:012}",
            "timestamp": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}.000Z",
        }
    )


def lines(size: int) -> Iterator[bytes]:
    """Yield JSON lines of one session until ``size`` bytes are reached, whole repetitions."""
    small = small_session()
    last: str | None = None
    written = repetition = 0
    while written < size:
        for record in small:
            made = _again(record, repetition, last)
            line = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            written += len(line)
            yield line
            last_of_record = made.get("uuid")
            if last_of_record:
                newest = last_of_record
        last = newest
        repetition += 1


def _again(record: dict[str, Any], repetition: int, last: str | None) -> dict[str, Any]:
    made = dict(record)
    for key in _IDS:
        if isinstance(made.get(key), str):
            made[key] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{repetition}/{made[key]}"))
    if made.get("parentUuid", "") is None and "logicalParentUuid" not in made:
        made["parentUuid"] = last
    text = json.dumps(made.get("message"))
    for prefix in ("toolu_", "msg_"):
        text = text.replace(f'"{prefix}', f'"{prefix}{repetition}_')
    if "message" in made:
        made["message"] = json.loads(text)
    for key in ("parentToolUseID", "requestId"):
        if key in made:
            made[key] = made[key].replace("_", f"_{repetition}_", 1)
    return made


def generate(path: Path, size: int) -> None:
    """Write a session of at least ``size`` bytes."""
    with path.open("wb") as target:
        target.writelines(lines(size))


def main() -> int:
    """Write a session to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--megabytes", type=float, default=60)
    arguments = parser.parse_args()
    generate(arguments.path, int(arguments.megabytes * 1_000_000))
    print(f"{arguments.path}: {arguments.path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
