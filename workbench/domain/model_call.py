"""What an engine asks a model, and what comes back. The host makes the call, counts and caps it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ChatRole = Literal["system", "user", "assistant"]
#: Why there is no answer: the budget is spent, no model is there for the role, or the call failed.
RefusalKind = Literal["", "budget", "unavailable", "failed"]


class ChatMessage(Struct, frozen=True):
    """One message of a conversation."""

    role: ChatRole
    content: str


class Prompt(Struct, frozen=True):
    """One call to a model.

    ``role`` names the endpoint's role (proposer, judge, target). With ``schema``, a JSON Schema,
    the answer is held to it and decoded; the host repairs what servers that ignore schemas send.
    ``label`` says in the journal what the call is for. Temperatures are those of the server.
    """

    messages: tuple[ChatMessage, ...]
    role: str = "proposer"
    schema: dict[str, object] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    label: str = ""


class Completion(Struct, frozen=True):
    """A model's answer; ``value`` is the decoded JSON when a schema was asked for.

    ``refused`` says in words why there is no answer; ``text`` is empty then. ``usd`` is 0.0 where
    the price is not known, and for answers from the cache.
    """

    text: str = ""
    value: object = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    cached: bool = False
    refused: str = ""
    refusal: RefusalKind = ""


class ModelGrant(Struct, frozen=True):
    """Where a program reaches the model of a role: a proxy of the host, with a key of this run."""

    base_url: str
    key: str
    model: str
