"""What other readers see in trace files; runs in an environment of its own, never in ours.

Give file paths with the format each was taken for, one JSON object a line on standard input
(``{"path": ..., "format": ...}``); for each reader that knows the format one line comes back with
what it read, or why it did not. Wants ``agentpile``, ``atif-make``, ``atif``, ``agent-trajectory``
(which needs node) and ``inspect-ai``; one that is not installed is said once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: The name of a format at agent-trajectory; several are tried in turn.
LETTA = {
    "atif": ["atif"],
    "claude-code": ["claude-code"],
    "codex-rollout": ["codex"],
    "copilot-cli": ["copilot-cli"],
    "cursor": ["cursor"],
    "gemini-cli": ["gemini-cli"],
    "opencode": ["opencode"],
    "openhands": ["openhands"],
    "openhands-v1": ["openhands"],
    "pi": ["pi", "openclaw", "omp"],
}
ATIF_MAKE = {
    "atif": "atif",
    "claude-code": "claude-code-transcript",
    "claude-code-stream": "claude-code-stream",
    "codex-rollout": "codex-rollout",
    "codex-exec": "codex-exec",
    "copilot-cli": "copilot-cli",
    "cursor": "cursor-agent-transcript",
    "inspect-ai": "inspect-eval",
}
AGENTPILE = {
    "atif": "atif",
    "claude-code": "claude-code-jsonl",
    "openai-chat": "openai-messages",
    "otlp": "otlp-json",
}


def seen() -> dict[str, Any]:
    """Return an empty account of what a reader saw."""
    empty: dict[str, Any] = {"user": [], "agent": [], "calls": [], "results": [], "steps": 0}
    return empty | {"input": None, "output": None, "errors": None}


def add(found: dict[str, Any], key: str, value: object) -> None:
    """Add a number to a sum that is None until something is known."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found[key] = (found[key] or 0) + value


def text_of(content: Any) -> str:
    """Return the text of a message's content: a text, or a list of parts."""
    if isinstance(content, list):
        return "\n\n".join(filter(None, (text_of(part) for part in content)))
    if isinstance(content, dict):
        return str(content.get("text") or "")
    return content if isinstance(content, str) else ""


def of_atif(trajectories: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Account for ATIF trajectories and the subagents in them, each once."""
    found = seen()
    waiting = list(trajectories)
    known: set[str] = set()
    while waiting:
        one = waiting.pop(0)
        name = one.get("trajectory_id")
        if name in known:
            continue
        known |= {name} if name else set()
        waiting += one.get("subagent_trajectories") or []
        for step in one.get("steps") or []:
            found["steps"] += 1
            source = step.get("source")
            if source in ("user", "agent"):
                found[source].append(text_of(step.get("message")))
            found["calls"] += [call["function_name"] for call in step.get("tool_calls") or []]
            results = (step.get("observation") or {}).get("results") or []
            found["results"] += [text_of(result.get("content")) for result in results]
            metrics = step.get("metrics") or {}
            add(found, "input", metrics.get("prompt_tokens"))
            add(found, "output", metrics.get("completion_tokens"))
    return found


def by_agentpile(path: Path, format_id: str) -> dict[str, Any]:
    """Read with agentpile."""
    import agentpile

    return of_atif([run.to_dict() for run in agentpile.load(path, reader=AGENTPILE[format_id])])


def by_atif_make(path: Path, format_id: str) -> dict[str, Any]:
    """Read with atif-make."""
    from atif_make.convert import convert

    made, _ = convert(path, ATIF_MAKE[format_id])
    return of_atif([_plain(made)])


def by_atif(path: Path, format_id: str) -> dict[str, Any]:
    """Read with the published models of ATIF."""
    del format_id
    from atif import Trajectory

    text = path.read_text("utf-8")
    try:
        documents = [json.loads(text)]
    except ValueError:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    return of_atif(
        Trajectory.model_validate(one).model_dump(mode="json", exclude_none=True)
        for one in documents
    )


def by_letta(path: Path, format_id: str) -> dict[str, Any]:
    """Read with agent-trajectory."""
    from trajectory import normalize_transcript

    problem: Exception | None = None
    for source in LETTA[format_id]:
        try:
            made: Any = normalize_transcript(source=source, transcript=path.read_text("utf-8"))
            break
        except Exception as failed:
            problem = problem or failed
    else:
        raise problem or ValueError("no source")
    found = seen()
    for record in made["records"]:
        role = record.get("role")
        found["steps"] += role != "meta"
        if role == "user":
            found["user"].append(text_of(record.get("content")))
        elif role == "assistant":
            found["agent"].append(text_of(record.get("content")))
            found["calls"] += [call["name"] for call in record.get("tool_calls") or []]
        elif role == "tool":
            found["results"].append(text_of(record.get("content")))
    return found


def by_inspect(path: Path, format_id: str) -> dict[str, Any]:
    """Read with inspect-ai: the final messages of every sample, its scores, its model usage."""
    del format_id
    from inspect_ai.log import read_eval_log

    found = seen()
    log = read_eval_log(str(path), resolve_attachments=True)
    for sample in log.samples or []:
        for message in sample.messages:
            found["steps"] += message.role != "tool"
            if message.role == "user":
                found["user"].append(message.text)
            elif message.role == "assistant":
                found["agent"].append(message.text)
                found["calls"] += [call.function for call in message.tool_calls or []]
            elif message.role == "tool":
                told = message.error.message if message.error else message.text
                found["results"].append(told)
                found["errors"] = (found["errors"] or 0) + bool(message.error)
        for usage in sample.model_usage.values():
            # Whether input_tokens include the cache differs by provider; the total has it.
            add(found, "input", usage.total_tokens - usage.output_tokens)
            add(found, "output", usage.output_tokens)
    return found


READERS: dict[str, tuple[Callable[[Path, str], dict[str, Any]], Any]] = {
    "agentpile": (by_agentpile, AGENTPILE),
    "atif-make": (by_atif_make, ATIF_MAKE),
    "atif": (by_atif, {"atif"}),
    "agent-trajectory": (by_letta, LETTA),
    "inspect-ai": (by_inspect, {"inspect-ai"}),
}


def _plain(made: Any) -> dict[str, Any]:
    for name in ("model_dump", "to_dict", "as_dict", "to_json_dict"):
        if hasattr(made, name):
            plain: dict[str, Any] = getattr(made, name)()
            return plain
    raise TypeError(type(made).__name__)


def main() -> None:
    """Answer every line of standard input."""
    for line in sys.stdin:
        asked = json.loads(line)
        for reader, (read, formats) in READERS.items():
            if asked["format"] not in formats:
                continue
            answer: dict[str, Any] = {"path": asked["path"], "reader": reader}
            try:
                answer["seen"] = read(Path(asked["path"]), asked["format"])
            except BaseException as problem:
                if isinstance(problem, KeyboardInterrupt):
                    raise
                answer["problem"] = f"{type(problem).__name__}: {problem}"[:300]
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
