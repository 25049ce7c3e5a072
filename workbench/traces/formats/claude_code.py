"""Claude Code: sessions, the output of ``claude -p``, and the web export.

Sessions: ``~/.claude/projects/<folder>/<uuid>.jsonl``, subagents inline (``isSidechain``), beside
it (``agent-<id>.jsonl``) or below ``<uuid>/subagents/``; large outputs in ``<uuid>/tool-results/``.
Anthropic calls the format internal; the rules here are measured on versions 2.0.64 to 2.1.42 and on
public fixtures of later ones (2026-11). The traps: one message is spread over records with the same
``message.id``; parallel results look like branches; timestamps run backwards.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from workbench.domain.trajectory import Step, StepBody, Trajectory
from workbench.traces.claude.assemble import trajectories
from workbench.traces.claude.bodies import body_of
from workbench.traces.claude.outputs import is_output, output_files, with_outputs
from workbench.traces.claude.reading import Reading
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import line_type
from workbench.traces.source import SourceBytes

_RECORD_TYPES: Final = frozenset(
    {
        *("user", "assistant", "system", "attachment", "progress", "summary"),
        *("file-history-snapshot", "queue-operation", "ai-title", "custom-title", "last-prompt"),
        *("permission-mode", "mode", "pr-link", "tag", "agent-name"),
    }
)
_STREAM_TYPES: Final = frozenset(
    {"user", "assistant", "system", "result", "stream_event", "rate_limit_event"}
)
#: Surely of Claude Code and of nobody else, also without the session's envelope.
_SURE_TYPES: Final = frozenset({"file-history-snapshot", "queue-operation"})
_MESSAGE: Final = re.compile(rb'"message"\s*:\s*\{')
_INIT: Final = re.compile(rb'"subtype"\s*:\s*"init"')
_RESULT: Final = re.compile(rb'"type"\s*:\s*"result".*"(?:total_cost_usd|num_turns)"', re.DOTALL)
_LOGLINES: Final = re.compile(rb'\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|\d+)\s*,\s*)*"loglines"\s*:')
_STREAM_LIST: Final = re.compile(
    rb'\[\s*\{\s*"type"\s*:\s*"system"\s*,\s*"subtype"\s*:\s*"(?:init|hook_started)"'
)
_HEAD: Final = 8192
_MAX_COMPANIONS: Final = 10_000


class ClaudeCode(Format):
    """A session file of the client."""

    id = "claude-code"

    def score(self, probe: Probe) -> float:
        """Count records with the session's envelope; a single pretty-printed record too."""
        if _LOGLINES.match(probe.head):
            return 0
        lines = sum(_is_session_line(line) for line in probe.lines)
        if not lines and probe.whole and probe.lines and probe.lines[0] == b"{":
            lines = int(_is_session_line(probe.head.strip()))
        return float(lines)

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the files of the session's subagents, and its large outputs."""
        folder = path.with_suffix("") / "subagents"
        found = list(_agents_below(folder))
        if not path.name.startswith("agent-"):
            found += _agents_beside(path)
        return [*sorted(found)[:_MAX_COMPANIONS], *output_files(path)]

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session and its subagents."""
        outputs = [source for source in sources[1:] if is_output(source)]
        sessions = [source for source in sources if source not in outputs]
        readings = [
            Reading(source, None if number else progress, companion=number > 0)
            for number, source in enumerate(sessions)
        ]
        found = trajectories(self.id, readings)
        return [with_outputs(one, sessions, outputs) for one in found] if outputs else found

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step from its records."""
        return body_of(step, raw, results)


class ClaudeCodeStream(ClaudeCode):
    """What ``claude -p --output-format stream-json`` (or ``json --verbose``) prints."""

    id = "claude-code-stream"

    def score(self, probe: Probe) -> float:
        """Count stream records when one says that it is a stream."""
        if _STREAM_LIST.match(probe.head):
            return 20
        found = [line for line in probe.lines if _is_stream_line(line)]
        sure = any(
            (b'"system"' in line[:200] and _INIT.search(line[:_HEAD]))
            or _RESULT.search(line)
            or b'"parent_tool_use_id"' in line
            for line in found
        )
        return len(found) + 0.5 if sure else 0.0

    def companions(self, path: Path) -> Sequence[Path]:
        """Return nothing: subagents are in the stream."""
        del path
        return ()


class ClaudeCodeWeb(ClaudeCodeStream):
    """The export of Claude Code on the web: ``{"loglines": [...]}``."""

    id = "claude-code-web"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the one key the export has."""
        return 20 if _LOGLINES.match(probe.head) else 0


def _is_session_line(line: bytes) -> bool:
    kind = line_type(line)
    if kind not in _RECORD_TYPES:
        return False
    if kind in _SURE_TYPES:
        return True
    if b'"payload"' in line[:300]:
        return False
    if b'"parentUuid"' in line or (b'"uuid"' in line and b'"sessionId"' in line):
        return True
    if b'"session_id"' in line or b'"parent_tool_use_id"' in line:
        return False
    if kind == "summary":
        return b'"leafUuid"' in line
    if kind == "attachment":
        return b'"attachment"' in line
    if kind == "system":
        return b'"uuid"' in line and b'"subtype"' in line
    return b'"sessionId"' in line or (
        kind in ("user", "assistant") and _MESSAGE.search(line) is not None
    )


def _is_stream_line(line: bytes) -> bool:
    kind = line_type(line)
    if kind not in _STREAM_TYPES or b'"parentUuid"' in line or b'"sessionId"' in line[:_HEAD]:
        return False
    return kind not in ("user", "assistant") or _MESSAGE.search(line) is not None


def _agents_below(folder: Path) -> list[Path]:
    try:
        if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
            return []
        found = [path for path in folder.rglob("agent-*.jsonl") if path.is_file()]
    except OSError:
        return []
    return [path for path in found if not _has_link(path, folder)]


def _has_link(path: Path, folder: Path) -> bool:
    while path != folder:
        if path.is_symlink():
            return True
        path = path.parent
    return False


def _agents_beside(path: Path) -> list[Path]:
    """Return subagent files of older versions: beside the session, naming it as theirs."""
    found: list[Path] = []
    try:
        for other in path.parent.glob("agent-*.jsonl"):
            if other.is_symlink() or not other.is_file():
                continue
            if path.stem.encode() in _head(str(other), other.stat().st_mtime_ns):
                found.append(other)
    except OSError:
        return found
    return found


@functools.lru_cache(maxsize=4096)
def _head(path: str, mtime_ns: int) -> bytes:
    """Return a file's first bytes; the time is part of the key, so that a change is seen."""
    del mtime_ns
    with Path(path).open("rb") as stream:
        return stream.read(2048)


IMPORTERS: Final = (ClaudeCode(), ClaudeCodeStream(), ClaudeCodeWeb())
