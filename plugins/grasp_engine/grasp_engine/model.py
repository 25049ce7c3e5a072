"""What GRASP takes for its model client: the host's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.plugin.api import ChatMessage, PackageCalls


class HostModel:
    """Follows GRASP's contract of an agent; it writes skills and never solves a task."""

    def __init__(
        self, calls: PackageCalls, max_tokens: int, temperature: float | None = None
    ) -> None:
        """GRASP sets the temperature itself for the agent that proposes."""
        self._calls = calls
        self._max_tokens = max_tokens
        self._temperature = temperature

    def inference(self, history: Sequence[Mapping[str, Any]], tools: object = None) -> str:
        """Return the model's answer to a conversation."""
        messages = [
            ChatMessage(
                "assistant" if one["role"] in ("assistant", "agent") else "user",
                str(one["content"]),
            )
            for one in history
        ]
        return self._calls.complete(
            messages,
            temperature=self._temperature,
            max_tokens=self._max_tokens,
            label="GRASP: skill author",
        )
