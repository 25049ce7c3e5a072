"""What an ATIF document says beyond our model, kept when it is exported again.

Only what the published models of ATIF 1.8 allow is taken over: tool definitions, notes, effort,
token ids, parts of messages, ``extra`` at every level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import ByteSpan, Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import from_pieces, items, mapping, string
from workbench.traces.lines import line_ranges
from workbench.traces.open import OpenTrace

_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_SOUNDS: Final = tuple(
    f"audio/{kind}" for kind in ("wav", "mpeg", "mp4", "aac", "ogg", "flac", "webm", "aiff")
)
_MOST: Final = 256 << 20


class Original:
    """The document an ATIF trace was read from; empty for any other trace."""

    def __init__(self, node: Node | None) -> None:
        self._node = node

    @classmethod
    def of(cls, trace: OpenTrace) -> Original:
        """Find the document of a trace in its file."""
        trajectory = trace.trajectory
        size = trajectory.sources[0].size
        if trajectory.format != "atif" or size > _MOST:
            return cls(None)
        try:
            data = trace.raw(ByteSpan(0, 0, size))
        except TraceError:  # compressed: the size is not that of what it unpacks to
            return cls(None)
        at = _first_place(trajectory)
        document = Node.document(data)
        if document.end >= at and document.get("steps") is not None and _whole(document, at):
            return cls(document)
        found = [(start, end) for start, end in line_ranges(data) if start <= at < end]
        return cls(Node(data, *found[0]) if found else None)

    def child(self, trajectory: Trajectory) -> Original:
        """Return the document of a subagent that is embedded in this one."""
        listed = self._node.get("subagent_trajectories") if self._node is not None else None
        at = _first_place(trajectory)
        nodes = listed.each() if listed is not None else ()
        return Original(next((node for node in nodes if node.start <= at < node.end), None))

    def completed(self, made: dict[str, Any], cleaned: Callable[[Any], Any]) -> dict[str, Any]:
        """Return the exported trajectory with what the document says beyond it, ``cleaned``."""
        if self._node is None:
            return made
        agent = mapping(self._node.value("agent"))
        version = string(agent.get("version"))
        definitions = agent.get("tool_definitions")
        made["agent"] |= {"version": cleaned(version)} if version else {}
        if isinstance(definitions, list) and all(isinstance(one, dict) for one in definitions):
            made["agent"]["tool_definitions"] = cleaned(definitions)
        if mapping(agent.get("extra")):
            made["agent"]["extra"] = cleaned(agent["extra"])
        for name in ("notes", "continued_trajectory_ref"):
            text = string(self._node.value(name))
            if text is not None:
                made[name] = cleaned(text)
        made["extra"] = cleaned(mapping(self._node.value("extra"))) | made["extra"]
        final = mapping(mapping(self._node.value("final_metrics")).get("extra"))
        if final:
            made["final_metrics"]["extra"] = cleaned(final) | made["final_metrics"].get("extra", {})
        return made


def completed_step(made: dict[str, Any], raw: Sequence[bytes], results: Sequence[bytes]) -> None:
    """Add to an exported step what its records say beyond our model.

    Args:
        made: the step, changed in place.
        raw: its records.
        results: the records of its calls' results.
    """
    told = from_pieces(raw)
    if _are_parts(told.get("message")):
        made["message"] = told["message"]
    if isinstance(told.get("llm_call_count"), int):
        made["llm_call_count"] = told["llm_call_count"]
    _add_extra(made, told)
    if made["source"] == "agent":
        if isinstance(told.get("reasoning_effort"), str | int | float):
            made["reasoning_effort"] = told["reasoning_effort"]
        metrics = mapping(told.get("metrics"))
        for name in ("prompt_token_ids", "completion_token_ids", "logprobs"):
            if isinstance(metrics.get(name), list):
                made.setdefault("metrics", {})[name] = metrics[name]
        if "metrics" in made:
            _add_extra(made["metrics"], metrics)
        calls = [one for one in items(told.get("tool_calls")) if isinstance(one, dict)]
        for call, one in zip(made.get("tool_calls", ()), calls, strict=False):
            _add_extra(call, one)
    told_results = [Node.of(record).value() for record in results]
    _complete_results(made, [one for one in told_results if isinstance(one, dict)])


def _complete_results(made: dict[str, Any], told: Sequence[Mapping[str, Any]]) -> None:
    by_call = {one.get("source_call_id"): one for one in told}
    for result in made.get("observation", {}).get("results", ()):
        one = by_call.get(result.get("source_call_id"), {})
        if _are_parts(one.get("content")):
            result["content"] = one["content"]
        _add_extra(result, one)
        paths = [
            {name: ref[name] for name in ("trajectory_path", "session_id", "extra") if name in ref}
            for ref in map(mapping, items(one.get("subagent_trajectory_ref")))
            if string(ref.get("trajectory_path")) and not ref.get("trajectory_id")
        ]
        if paths and "subagent_trajectory_ref" not in result:
            result["subagent_trajectory_ref"] = paths


def _add_extra(made: dict[str, Any], told: Mapping[str, Any]) -> None:
    extra = mapping(told.get("extra")) | mapping(made.get("extra"))
    if extra:
        made["extra"] = extra


def _are_parts(content: Any) -> bool:
    """Whether a content is a list of parts as the models allow them."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, dict) and _is_part(part) for part in content)
    )


def _is_part(part: Mapping[str, Any]) -> bool:
    if part.get("type") == "text":
        return part.keys() == {"type", "text"} and isinstance(part["text"], str)
    source = part.get("source")
    if part.keys() != {"type", "source"} or not isinstance(source, dict):
        return False
    kinds = {"image": _IMAGES, "audio": _SOUNDS}.get(string(part["type"]) or "", ())
    return (
        source.keys() == {"media_type", "path"}
        and source["media_type"] in kinds
        and isinstance(source["path"], str)
    )


def has_sound(step: Mapping[str, Any]) -> bool:
    """Whether an exported step has a part that only ATIF 1.8 knows."""
    results = mapping(step.get("observation")).get("results", ())
    contents = [step.get("message"), *(result.get("content") for result in results)]
    return any(
        part["type"] == "audio"
        for content in contents
        if isinstance(content, list)
        for part in content
    )


def _whole(document: Node, at: int) -> bool:
    """Whether the place lies in the document: a file of lines holds more than its first one."""
    return any(node.start <= at < node.end for node in document.members().values())


def _first_place(trajectory: Trajectory) -> int:
    return trajectory.steps[0].raw[0].offset if trajectory.steps else -1
