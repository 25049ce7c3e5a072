"""Answers that were paid for once, by all that went into the question; SQLite in the user's cache.

A repeated run costs nothing and says the same. What is kept is what was sent, that is after secrets
were taken out; deleting the file only costs money.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.model_call import ChatMessage, Prompt
from workbench.kept_values import KeptValues


class Kept(Struct, frozen=True):
    """An answer with what it took."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int


class ResponseCache:
    """One file for all runs; one that cannot be opened keeps nothing."""

    def __init__(self, path: Path) -> None:
        self._kept = KeptValues(path)

    @property
    def problem(self) -> str:
        """Why answers are not kept, "" while they are."""
        return self._kept.problem

    def get(self, key: str) -> Kept | None:
        """Return a kept answer."""
        kept = self._kept.get(key)
        try:
            return None if kept is None else msgspec.json.decode(kept, type=Kept)
        except msgspec.MsgspecError:
            return None

    def put(self, key: str, answer: Kept) -> None:
        """Keep an answer."""
        self._kept.put(key, msgspec.json.encode(answer))

    def close(self) -> None:
        """Give the file back."""
        self._kept.close()


def answer_key(base_url: str, model: str, prompt: Prompt, messages: tuple[ChatMessage, ...]) -> str:
    """Return the key of a call: server, model, messages as sent, schema and sampling.

    The label and the role are not part of it: they change nothing in the answer.
    """
    asked = (
        base_url,
        model,
        messages,
        prompt.schema,
        prompt.max_tokens,
        prompt.temperature,
    )
    return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()
