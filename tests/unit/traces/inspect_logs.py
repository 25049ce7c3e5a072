"""Small Inspect logs of every layout, packed by every method."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from backports import zstd

LONG = "A long text\nthat is kept as an attachment. " * 5
_METHODS = {"stored": 0, "deflate": 8, "zstd": 93}


def zipped(members: Mapping[str, Any], method: str) -> bytes:
    """Return an archive; a name without bytes of its own gets JSON."""
    body, directory = b"", b""
    for name, value in members.items():
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        label = name.encode()
        packed = _packed(data, method)
        head = struct.pack(
            "<HHHHHLLLHH",
            *(20, 0, _METHODS[method], 0, 0x21, zlib.crc32(data), len(packed), len(data)),
            *(len(label), 0),
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + head
        directory += struct.pack("<HHHLL", 0, 0, 0, 0, len(body)) + label
        body += b"PK\x03\x04" + head + label + packed
    end = struct.pack("<HHHHLLH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def _packed(data: bytes, method: str) -> bytes:
    if method == "deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()
    return zstd.compress(data) if method == "zstd" else data


START: dict[str, Any] = {
    "version": 2,
    "eval": {"task": "pick", "run_id": "run-1", "model": "openai/m", "solver": "react",
             "packages": {"inspect_ai": "0.3.285"}},
    "plan": {"steps": [{"solver": "react"}]},
}  # fmt: skip
HEADER = START | {"status": "success", "results": {}, "stats": {}}

_ASK = {"id": "m1", "role": "user", "content": "Pick one", "source": "input"}
_CALL = {
    "id": "m2",
    "role": "assistant",
    "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "I look."}],
    "tool_calls": [
        {"id": "c1", "function": "bash", "arguments": {"cmd": "ls"}, "type": "function"}
    ],
}
_RESULT = {"id": "m3", "role": "tool", "tool_call_id": "c1", "function": "bash", "content": LONG}
_ANSWER = {"id": "m4", "role": "assistant", "content": "This.", "model": "m-9"}
MESSAGES: list[dict[str, Any]] = [_ASK, _CALL, _RESULT, _ANSWER]


def _model(
    message: dict[str, Any], refs: list[list[int]], at: int, span: str = "s"
) -> dict[str, Any]:
    usage = {
        "input_tokens": 10,
        "output_tokens": 2,
        "total_tokens": 17,
        "input_tokens_cache_read": 5,
    }
    output = {"model": "m-9", "choices": [{"message": message}], "usage": usage}
    return {"event": "model", "model": "openai/m", "timestamp": f"2026-01-01T00:00:{at:02}+00:00",
            "span_id": span, "input": [], "input_refs": refs, "output": output}  # fmt: skip


def events(long: str) -> list[dict[str, Any]]:
    """Return the events of the sample; ``long`` stands for the long text."""
    grader = {"id": "g1", "role": "assistant", "content": "GRADE: C"}
    return [
        {"event": "span_begin", "id": "s", "type": "solver", "name": "react"},
        {"event": "sample_init", "sample": {}},
        _model(_CALL, [[0, 1]], 1),
        {"event": "tool", "id": "c1", "function": "bash", "arguments": {"cmd": "ls"},
         "result": long, "timestamp": "2026-01-01T00:00:02+00:00", "working_time": 1.5},
        _model(_ANSWER, [[0, 3]], 4),
        {"event": "span_begin", "id": "sc", "type": "scorer", "name": "grade"},
        _model(grader, [[4, 5]], 5, "sc"),
        {"event": "score", "score": {"value": "C", "answer": "This.", "explanation": "right"}},
        {"event": "never_seen", "x": 1},
    ]  # fmt: skip


SHELL: dict[str, Any] = {
    "id": "a",
    "epoch": 1,
    "input": "Pick one",
    "target": "This.",
    "scores": {"grade": {"value": "C", "answer": "This."}},
    "model_usage": {"openai/m": {"input_tokens": 20, "output_tokens": 4, "total_tokens": 34,
                                 "input_tokens_cache_read": 10}},
    "started_at": "2026-01-01T00:00:00+00:00",
    "completed_at": "2026-01-01T00:00:09+00:00",
}  # fmt: skip
_NAME = "f" * 32


def sample(epoch: int = 1) -> dict[str, Any]:
    """Return a whole sample with its long result kept as an attachment of the events."""
    pool = [*MESSAGES, {"role": "user", "content": "Grade it"}]
    return SHELL | {
        "epoch": epoch,
        "messages": MESSAGES,
        "events": events(f"attachment://{_NAME}"),
        "events_data": {"messages": pool, "calls": []},
        "attachments": {_NAME: LONG},
    }


def chunks(epoch: int = 1) -> dict[str, Any]:
    """Return the members of the same sample in the chunked layout."""
    folder = f"samples/a_epoch_{epoch}"
    told = events("attachment://0")
    result = _RESULT | {"content": "attachment://0"}
    return {
        f"{folder}/sample.json": SHELL | {"epoch": epoch, "message_refs": [[0, 4]]},
        f"{folder}/metadata.json": {},
        f"{folder}/skeleton.json": {"version": 1},
        f"{folder}/messages/0.json": [_ASK, _CALL],
        f"{folder}/messages/2.json": [result, _ANSWER, {"role": "user", "content": "Grade it"}],
        f"{folder}/events/0.json": told[:4],
        f"{folder}/events/4.json": told[4:],
        f"{folder}/events/stats.json": {},
        f"{folder}/attachments/0.json": [LONG],
    }
