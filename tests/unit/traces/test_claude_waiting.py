"""Steps of subagents that wait to be asked for are those that would have been made at once."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.traces.claude_records import SESSION
from workbench.domain.trajectory import Trajectory
from workbench.traces.claude.late import UNREAD
from workbench.traces.formats.claude_code import ClaudeCode
from workbench.traces.open import open_traces
from workbench.traces.source import SourceBytes

#: What records that can wait say, and what makes all before them be looked at.
PLAIN: tuple[dict[str, Any], ...] = (
    {"type": "text", "text": "Looking  at\nit."},
    {"type": "thinking", "thinking": "Hm.", "signature": "s"},
    {"type": "tool_use", "name": "Read", "input": {"file_path": "/repo/a.py"}},
    {"type": "tool_use", "name": "Bash", "input": {"command": "ls", "description": "d"}},
    {"type": "tool_use", "name": "Grep", "input": {"pattern": "x"}},
)
ODD: tuple[dict[str, Any], ...] = (
    {"type": "tool_use", "name": "Read", "input": {"file_path": "/s/skills/a/SKILL.md"}},
    {"type": "tool_use", "name": "Skill", "input": {"skill": "a"}},
    {"type": "tool_use", "name": "Task", "input": {"prompt": "Do it."}},
    {"type": "tool_use", "name": "Bash", "input": {"command": ["ls"]}},
    {"type": "image", "source": {}},
)
ENDS = ("", "", "", "Exit code 2", "User rejected", "[Request interrupted by user]")
KEPT: tuple[Any, ...] = (
    *(None, "text", {"stdout": "x", "interrupted": False}),
    *({"interrupted": True}, {"success": False}),
)
USAGES: tuple[Any, ...] = (None, {}, {"output_tokens": 0}, {"output_tokens": 5, "input_tokens": 3})
RARE = (
    *("prompt", "progress", "again", "snapshot", "lost parent", "system", "nobody's", "odd"),
    *("said again", "said again", "said again", "answered twice", "started"),
)


class Recorder:
    """Writes a session with two subagents; a share of its records is odd."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.odd = self.random.choice((0.0, 0.0, 0.05, 0.3))
        #: With long records a file is read in several blocks.
        self.slug = "x" * (4000 if seed % 3 == 0 else 10)
        self.records: list[dict[str, Any]] = []
        self.last: dict[str, str | None] = {}
        self.asked: dict[str, list[str]] = {}

    def write(self) -> bytes:
        """Return the session."""
        for agent in ("", "one", "two"):
            self.put(agent, "user", {"role": "user", "content": "Do it."})
        for _ in range(self.random.randint(0, 40)):
            agent = self.random.choice(("", "one", "one", "one", "two"))
            odd = self.random.random() < self.odd
            self.next(agent, self.random.choice(RARE) if odd else "")
        return b"".join(json.dumps(record).encode() + b"\n" for record in self.records)

    def next(self, agent: str, rare: str) -> None:
        """Write one more record of an agent."""
        message = {"role": "user", "content": "And then?"}
        if rare == "prompt":
            self.put(agent, "user", message)
        elif rare == "progress":
            self.put(agent, "progress", None, data={"type": "hook_progress"})
        elif rare == "again":
            self.records.append(self.random.choice(self.records))
        elif rare == "snapshot":
            self.records.append({"type": "file-history-snapshot", "messageId": "m"})
        elif rare == "lost parent":
            self.last[agent] = "nowhere"
        elif rare == "system":
            self.put(agent, "system", None, subtype="local_command", content="x")
        elif rare == "nobody's":
            self.result(agent, "nobody's", {"agentId": "two"})
        elif rare == "answered twice" and self.asked.get(agent):
            self.result(agent, self.asked[agent][-1], None)
        elif rare == "started" and self.asked.get(agent):
            self.result(agent, self.asked[agent].pop(), {"agentId": "two"})
        elif not rare and self.asked.get(agent) and self.random.random() < 0.5:
            self.result(agent, self.asked[agent].pop(), self.random.choice(KEPT))
        else:
            self.says(agent, ODD if rare == "odd" else PLAIN, odd=bool(rare))

    def says(self, agent: str, blocks: tuple[dict[str, Any], ...], *, odd: bool) -> None:
        """Write a record of the model."""
        number, said = len(self.records), []
        for block in self.random.sample(blocks, self.random.randint(1, 2)):
            if block["type"] == "tool_use":
                call = f"call-{number - (self.random.randint(0, 3) if odd else 0)}-{block['name']}"
                self.asked.setdefault(agent, []).append(call)
                said.append(block | {"id": call})
            else:
                said.append(block)
        model = self.random.choice(("m-1", "m-2", "<synthetic>", None)) if odd else "m-1"
        message = f"msg-{agent}-{number // (self.random.randint(1, 9) if odd else 3)}"
        fields = {"id": message, "role": "assistant", "model": model, "content": said}
        usage = self.random.choice(USAGES)
        failed = {"isApiErrorMessage": True} if odd and self.random.random() < 0.2 else {}
        self.put(agent, "assistant", fields | ({"usage": usage} if usage else {}), **failed)

    def result(self, agent: str, call: str, kept: Any) -> None:
        """Write the result of a call."""
        said = self.random.choice(ENDS)
        block = {"type": "tool_result", "tool_use_id": call, "content": said or "fine"}
        if said:
            block |= {"is_error": True}
        fields = {} if kept is None else {"toolUseResult": kept}
        self.put(agent, "user", {"role": "user", "content": [block]}, **fields)

    def put(self, agent: str, kind: str, message: Any, **fields: Any) -> None:
        """Write a record in the chain of an agent."""
        number = len(self.records)
        uuid = f"uuid-{number}"
        named = {"agentId": agent} if agent and self.random.random() >= self.odd else {}
        self.records.append(
            {
                "parentUuid": self.last.get(agent),
                "isSidechain": bool(agent),
                "sessionId": SESSION,
                "slug": self.slug,
                "type": kind,
                **({"message": message} if message else {}),
                **named,
                **fields,
                "uuid": uuid,
                "timestamp": f"2026-02-03T04:{number:02}:{self.random.randint(0, 59):02}.000Z",
            }
        )
        self.last[agent] = uuid


@pytest.mark.parametrize("first", range(0, 800, 100))
def test_what_is_counted_first_is_what_the_steps_are_then(tmp_path: Path, first: int) -> None:
    path = tmp_path / "session.jsonl"
    for seed in range(first, first + 100):
        data = Recorder(seed).write()
        path.write_bytes(data)
        # Bytes that are no file cannot be had again: all their steps are made at once.
        at_once = _read(SourceBytes.of_bytes(data, str(path)))
        with SourceBytes(path) as source:
            assert _read(source) == at_once, seed


READ = {"type": "tool_use", "name": "Read", "input": {"file_path": "/repo/a.py"}, "id": "a"}
SKILL = READ | {"input": {"file_path": "/home/me/.claude/skills/pdf/SKILL.md"}}
TASK = {"type": "tool_use", "name": "Task", "input": {"prompt": "Do that."}, "id": "a"}
TEXT = {"type": "text", "text": "Well."}
DONE = {"type": "tool_result", "tool_use_id": "a", "content": "fine"}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([("m", READ), DONE, ("m", READ)], id="a call said again after its result"),
        pytest.param([("m", TEXT), ("n", TEXT), ("m", TEXT)], id="a message that goes on later"),
        pytest.param([("m", READ), ("n", READ), DONE], id="an open call's id used again"),
        pytest.param([("m", READ), DONE, ("n", READ), DONE], id="an answered call's id used again"),
        pytest.param([("m", READ), DONE, "more", ("n", READ)], id="the id of a call that is made"),
        pytest.param([("m", TEXT), "more", ("m", TEXT)], id="a message of a step that is made"),
        pytest.param([("m", TASK), DONE], id="a call that starts a subagent"),
        pytest.param([("m", SKILL), DONE], id="a skill that is read"),
    ],
)
def test_what_concerns_other_steps_does_not_wait(tmp_path: Path, said: list[Any]) -> None:
    path = tmp_path / "session.jsonl"
    recorder = Recorder(0)
    recorder.odd = 0.0
    for agent, prompt in (("", "Begin."), ("one", "Do this."), ("two", "Do that.")):
        recorder.put(agent, "user", {"role": "user", "content": prompt})
    for what in said:
        if isinstance(what, tuple):
            message = {"id": what[0], "role": "assistant", "model": "m-1", "content": [what[1]]}
            recorder.put("one", "assistant", message)
        else:
            content = "And then?" if what == "more" else [what]
            recorder.put("one", "user", {"role": "user", "content": content})
    data = b"".join(json.dumps(record).encode() + b"\n" for record in recorder.records)
    path.write_bytes(data)
    with SourceBytes(path) as source:
        assert _read(source) == _read(SourceBytes.of_bytes(data, str(path)))


def _session(path: Path) -> bytes:
    recorder = Recorder(0)
    for agent in ("", "one"):
        recorder.put(agent, "user", {"role": "user", "content": "Do it."})
    for _ in range(20):
        recorder.says("one", PLAIN, odd=False)
    data = b"".join(json.dumps(record).encode() + b"\n" for record in recorder.records)
    path.write_bytes(data)
    return data


def test_steps_of_a_closed_trace_are_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    at_once = _read(SourceBytes.of_bytes(_session(path), str(path)))
    with SourceBytes(path) as source:
        (made,) = ClaudeCode().skeleton([source])
    assert _told(made) == at_once


@pytest.mark.parametrize("closed", [True, False])
def test_steps_of_a_file_that_was_cut_say_so(tmp_path: Path, closed: bool) -> None:
    path = tmp_path / "session.jsonl"
    data = _session(path)
    with SourceBytes(path) as source:
        (made,) = ClaudeCode().skeleton([source])
        if closed:
            source.close()
        os.truncate(path, len(data) // 2)
        (child,) = made.children
        steps = list(child.steps)
    assert len(steps) == len(child.steps) > 5
    assert steps[-1].label == UNREAD
    assert steps[0].preview == "Do it."


def test_steps_of_a_file_that_is_gone_say_so(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    _session(path)
    (trace,) = open_traces(path)
    trace.close()
    path.unlink()
    (child,) = trace.trajectory.children
    assert "does not exist" in list(child.steps)[-1].preview


def _read(source: SourceBytes) -> Any:
    (made,) = ClaudeCode().skeleton([source])
    return _told(made)


def _told(one: Trajectory) -> Any:
    assert len(one.steps) == len(list(one.steps))
    made = msgspec.structs.replace(one, sources=(), children=())
    return msgspec.to_builtins(made, enc_hook=list), [_told(child) for child in one.children]
