"""Small Claude Code records for tests, made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SESSION = "11111111-2222-4333-8444-555555555555"


class Session:
    """Records in a chain; each method returns the uuid of the record it appended."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.last: str | None = None

    def put(self, kind: str, parent: str | None = "", **fields: Any) -> str:
        number = len(self.records)
        uuid = f"uuid-{number:03}"
        self.records.append(
            {
                "parentUuid": self.last if parent == "" else parent,
                "isSidechain": False,
                "cwd": "/repo",
                "sessionId": SESSION,
                "version": "2.1.40",
                "type": kind,
                **fields,
                "uuid": uuid,
                "timestamp": f"2026-02-03T04:05:{number:02}.000Z",
            }
        )
        self.last = uuid
        return uuid

    def prompt(self, text: str, **fields: Any) -> str:
        return self.put("user", message={"role": "user", "content": text}, **fields)

    def says(self, *blocks: dict[str, Any], message: str = "", usage: Any = None, **f: Any) -> str:
        return self.put(
            "assistant",
            message={
                "id": message or f"msg-{len(self.records)}",
                "role": "assistant",
                "model": f.pop("model", "claude-example-1"),
                "content": list(blocks),
                **({"usage": usage} if usage else {}),
            },
            **f,
        )

    def result(self, call: str, content: Any, *, error: bool = False, **fields: Any) -> str:
        block = {"type": "tool_result", "tool_use_id": call, "content": content}
        if error:
            block["is_error"] = True
        return self.put("user", message={"role": "user", "content": [block]}, **fields)

    def lines(self) -> list[bytes]:
        return [json.dumps(record, ensure_ascii=False).encode() for record in self.records]

    def data(self) -> bytes:
        return b"".join(line + b"\n" for line in self.lines())

    def write(self, folder: Path, name: str = f"{SESSION}.jsonl") -> Path:
        path = folder / name
        path.write_bytes(self.data())
        return path


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(identity: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}


def usage(fresh: int, output: int, read: int = 0, written: int = 0) -> dict[str, int]:
    return {
        "input_tokens": fresh,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }
