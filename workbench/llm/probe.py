"""What a server can do: asked in a few short calls, with nothing of the user's in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from workbench.llm.profiles import EndpointProblem, EndpointProfile

if TYPE_CHECKING:
    from openai import OpenAI

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"ready": {"type": "boolean"}},
    "required": ["ready"],
    "additionalProperties": False,
}


class Probe(Struct, frozen=True):
    """One thing that was tried; ``ok`` None means it was not tried."""

    name: str
    ok: bool | None
    detail: str


class EndpointReport(Struct, frozen=True):
    """What ``endpoint test`` found. ``models`` are the first fifty the server names."""

    name: str
    base_url: str
    model: str
    models: tuple[str, ...]
    probes: tuple[Probe, ...]

    @property
    def usable(self) -> bool:
        """Whether a plain chat call worked."""
        return any(probe.name == "chat" and probe.ok for probe in self.probes)


def probe_endpoint(profile: EndpointProfile) -> EndpointReport:
    """Ask the server for its models, a chat answer, a stream and an answer by schema.

    Raises:
        EndpointProblem: no server answers at that address.
    """
    from openai import APIConnectionError, OpenAI

    with OpenAI(
        base_url=profile.base_url,
        api_key=profile.key() or "none",
        timeout=profile.timeout_s,
        max_retries=0,
    ) as client:
        try:
            models, listing = _models(client)
        except APIConnectionError as problem:
            raise EndpointProblem(
                f"No server answers at {profile.base_url} ({problem}). Start it, or mend base_url "
                f"of the endpoint '{profile.name}'."
            ) from problem
        model = profile.model or (models[0] if models else "")
        if not model:
            missing = Probe("chat", None, "no model is named and the server lists none")
            return EndpointReport(profile.name, profile.base_url, "", models, (listing, missing))
        probes = (
            listing,
            _chat(client, model),
            _stream(client, model),
            _structured(client, model),
        )
    return EndpointReport(profile.name, profile.base_url, model, models, probes)


def _models(client: OpenAI) -> tuple[tuple[str, ...], Probe]:
    from openai import APIConnectionError, OpenAIError

    try:
        names = tuple(model.id for model in client.models.list().data[:50])
    except APIConnectionError:
        raise
    except OpenAIError as problem:
        return (), Probe("models", False, _short(problem))
    return names, Probe("models", True, f"{len(names)} listed")


def _chat(client: OpenAI, model: str) -> Probe:
    from openai import OpenAIError

    try:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Answer: ready"}], max_tokens=16
        )
    except OpenAIError as problem:
        return Probe("chat", False, _short(problem))
    usage = answer.usage
    counted = f"{usage.total_tokens} tokens counted" if usage else "no token counts"
    return Probe("chat", bool(answer.choices), counted)


def _stream(client: OpenAI, model: str) -> Probe:
    from openai import OpenAIError

    try:
        parts = sum(
            bool(chunk.choices)
            for chunk in client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Answer: ready"}],
                max_tokens=16,
                stream=True,
            )
        )
    except OpenAIError as problem:
        return Probe("stream", False, _short(problem))
    return Probe("stream", parts > 0, f"{parts} parts")


def _structured(client: OpenAI, model: str) -> Probe:
    from openai import OpenAIError

    try:
        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": 'Answer with the JSON {"ready": true}'}],
            max_tokens=64,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": _SCHEMA, "strict": True},
            },
        )
        text = answer.choices[0].message.content or ""
        obeyed = isinstance(json.loads(text).get("ready"), bool)
    except OpenAIError as problem:
        return Probe("json_schema", False, _short(problem))
    except (ValueError, AttributeError, IndexError):
        return Probe("json_schema", False, "accepted, but the answer does not follow the schema")
    return Probe("json_schema", obeyed, "follows the schema" if obeyed else "ignores the schema")


def _short(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200]
