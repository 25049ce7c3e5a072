"""Claude Code sessions written here, for tests that go the whole way."""

from __future__ import annotations

import json
from pathlib import Path

Call = tuple[str, str, bool]


def write_session(path: Path, calls: list[Call], skill: str = "") -> Path:
    """Write a session with a prompt, the load of a skill, and shell calls (command, output, ok)."""
    records: list[dict[str, object]] = []

    def add(kind: str, message: dict[str, object], **more: object) -> None:
        number = len(records)
        records.append(
            {
                "type": kind,
                "uuid": f"{path.stem}-{number}",
                "parentUuid": f"{path.stem}-{number - 1}" if number else None,
                "sessionId": path.stem,
                "version": "2.1.0",
                "timestamp": f"2026-10-05T08:{number // 60:02d}:{number % 60:02d}.000Z",
                "message": message,
                **more,
            }
        )

    def call(name: str, arguments: dict[str, object], output: str, ok: bool) -> None:
        use = f"toolu_{len(records)}"
        add(
            "assistant",
            {
                "id": f"msg_{len(records)}",
                "role": "assistant",
                "model": "test-model",
                "content": [{"type": "tool_use", "id": use, "name": name, "input": arguments}],
            },
        )
        result: dict[str, object] = {"type": "tool_result", "tool_use_id": use, "content": output}
        if not ok:
            result["is_error"] = True
        add("user", {"role": "user", "content": [result]}, toolUseResult={"success": ok})

    add("user", {"role": "user", "content": "Make the report."})
    if skill:
        call("Skill", {"skill": skill}, f"Launching skill: {skill}", True)
    for command, output, ok in calls:
        call("Bash", {"command": command}, output, ok)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def failing_session(path: Path, month: str) -> Path:
    """Write a session in which an option fails and its new form works."""
    return write_session(
        path,
        [
            (
                f"reportgen build --month {month} --fast",
                "Exit code 2\nerror: removed “flag”\n",
                False,
            ),
            (f"reportgen build --month {month} --quick", "built\n", True),
        ],
        skill="report-tool",
    )


REPORT_TOOL = (
    b"---\r\nname: report-tool\r\ndescription: Makes reports.\r\n---\r\n# Reports\r\n\r\n"
    b"Run `reportgen build --month 2026-10`.\r\n"
)


def write_report_library(root: Path) -> Path:
    """Write a library with one skill, with CRLF line ends."""
    (root / "report-tool").mkdir(parents=True)
    (root / "report-tool" / "SKILL.md").write_bytes(REPORT_TOOL)
    return root
