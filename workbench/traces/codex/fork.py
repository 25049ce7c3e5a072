"""Which records at the head of a Codex rollout are the parent's, copied at a fork.

``codex fork`` and some subagents copy the parent's lines to the top of the new file: first the
parent's ``session_meta``, then its turns and token counts, all with the time of the fork as their
timestamp (kenn-io/agentsview#657, ccusage#1371, pingdotgg/t3code#5887; 2026). What tells them
apart: turn ids are UUIDv7 and keep the time at which the turn ran. Where ids say nothing, a copy is
written in one burst, and the first own record comes more than a second later.
Other subagents only quote the parent's ``session_meta`` and go on with turns of their own
(chattymin/PokeTokenBar#137).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from workbench.traces.json_values import integer, mapping, number, string

_BURST_GAP_S: Final = 1.0


class ForkGate:
    """Asked once for every record, in order; ``copying`` is the answer for the last one.

    The answer only counts when ``replayed`` is true at the end: that something was copied at all.
    """

    def __init__(self) -> None:
        self.copying = False
        self.replayed = False
        self._own_id: str | None = None
        self._forked = False
        self._start: float | None = None
        self._turn_times_seen = self._older_seen = False
        self._last: float | None = None
        self._over = False

    def see(self, kind: str, payload: Mapping[str, Any], timestamp: str | None) -> bool:
        """Take the next record; return whether it is copied."""
        at = unix_time(timestamp)
        if self._own_id is None and kind == "session_meta":
            self._arm(payload, at)
        elif not self._over:
            self._judge(kind, payload, at)
        self._last = at if at is not None else self._last
        return self.copying

    def _arm(self, meta: Mapping[str, Any], at: float | None) -> None:
        self._own_id = string(meta.get("id")) or string(meta.get("session_id")) or ""
        spawn = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
        self._forked = bool(meta.get("forked_from_id") or spawn.get("forked_from_id"))
        parent = meta.get("parent_thread_id") or spawn.get("parent_thread_id")
        own_time = uuid_time(self._own_id)
        self._start = own_time if own_time is not None else unix_time(meta.get("timestamp")) or at
        self._over = not (self._forked or parent)

    def _judge(self, kind: str, payload: Mapping[str, Any], at: float | None) -> None:
        if kind == "session_meta":
            other = string(payload.get("id"))
            self.copying = self.copying or (other is not None and other != self._own_id)
            self.replayed = self.replayed or (self.copying and self._forked)
            return
        self.copying = self.copying or self._forked
        if not self.copying:
            return
        ran = _turn_time(payload)
        if ran is not None and self._start is not None:
            self._turn_times_seen = True
            if ran < self._start:
                self.replayed = True
            else:
                self._end()
            return
        if self._turn_times_seen or at is None or self._start is None:
            return
        if at < self._start - _BURST_GAP_S:  # times kept as they were: older than the session
            self.replayed = self._older_seen = True
        elif self._older_seen:
            self._end()
        elif self._last is not None and at - self._last > _BURST_GAP_S:
            self.replayed = self.replayed or self._forked
            self._end()

    def _end(self) -> None:
        self.copying = False
        self._over = True


def uuid_time(text: str | None) -> float | None:
    """Return the time in a UUID version 7, in seconds; None for any other id."""
    try:
        made = UUID(text or "")
    except ValueError:
        return None
    return (made.int >> 80) / 1000 if made.version == 7 else None


def unix_time(value: Any) -> float | None:
    """Return an ISO time, or seconds or milliseconds since 1970, as seconds."""
    found = number(value)
    if found is not None:
        return found / 1000 if found > 1e11 else found
    if not isinstance(value, str):
        return None
    try:
        made = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _turn_time(payload: Mapping[str, Any]) -> float | None:
    for holder in ("internal_chat_message_metadata_passthrough", "metadata"):
        found = uuid_time(string(mapping(payload.get(holder)).get("turn_id")))
        if found is not None:
            return found
    found = uuid_time(string(payload.get("turn_id")))
    if found is None and payload.get("type") in ("task_started", "turn_started"):
        started = payload.get("started_at")
        # Seconds alone are too coarse to say "not before" within the second of the fork.
        whole = integer(started)
        return unix_time(started) if whole is None else (unix_time(whole) or 0) + 0.999
    return found
