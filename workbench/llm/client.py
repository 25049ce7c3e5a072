"""One endpoint, asked as often as needed: streamed, counted, capped, retried, kept.

A call never raises for what a server does; it returns a completion that says in words what went
wrong, so that one bad answer among twenty costs one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.model_call import ChatMessage, Completion, Prompt, RefusalKind
from workbench.llm.answers import AnswerProblem, check_schema, decoded_answer
from workbench.llm.cache import Kept, ResponseCache, answer_key
from workbench.llm.failures import BrokenOff, failure_words, is_refused_option
from workbench.llm.ledger import CHARACTERS_A_TOKEN, Ledger
from workbench.llm.profiles import EndpointProfile

if TYPE_CHECKING:
    from openai import OpenAI

#: How a server is told of a schema; it falls from left to right as it refuses.
SchemaMode = Literal["json_schema", "json_object", "prompt"]
_MODES: tuple[SchemaMode, ...] = ("json_schema", "json_object", "prompt")
#: A call that streams ends at so many times the time-out of one answer.
_LONGEST = 10


@dataclass(frozen=True)
class _Call:
    """A prompt as it goes out: secrets taken out of its messages, its model known."""

    prompt: Prompt
    messages: tuple[ChatMessage, ...]
    model: str
    cancelled: Callable[[], bool]

    @property
    def characters(self) -> int:
        """How long all messages are."""
        return sum(len(one.content) for one in self.messages)


class _Answer(Struct, frozen=True):
    text: str
    model: str
    input_tokens: int
    output_tokens: int
    counted: bool


def _unchanged(text: str) -> str:
    return text


def _never() -> bool:
    return False


class ModelClient:
    """Asks one endpoint; thread-safe. ``redact`` takes secrets out of all that is sent."""

    def __init__(
        self,
        profile: EndpointProfile,
        ledger: Ledger,
        *,
        cache: ResponseCache | None = None,
        redact: Callable[[str], str] = _unchanged,
    ) -> None:
        self.profile = profile
        self._ledger = ledger
        self._cache = cache
        self._redact = redact
        self._lock = threading.Lock()
        self._client: OpenAI | None = None
        self._model = profile.model
        self._mode: SchemaMode = "json_schema"
        self._counts_streams = True

    def prepare(self) -> None:
        """Load the library and set up the client, which takes a second or two the first time."""
        self._opened()

    def close(self) -> None:
        """Close the connections; calls under way end as failed."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def complete(self, prompt: Prompt, cancelled: Callable[[], bool] = _never) -> Completion:
        """Return the answer, or a completion that says why there is none."""
        if prompt.schema is not None:
            try:
                check_schema(prompt.schema)
            except AnswerProblem as problem:
                return _refused(f"A prompt cannot be sent: {problem}.")
        messages = tuple(replace(one, content=self._redact(one.content)) for one in prompt.messages)
        try:
            model = self._model_name()
        except Exception as problem:
            return _refused(failure_words(problem, self.profile))
        key = answer_key(self.profile.base_url, model, prompt, messages)
        kept = self._kept(key, prompt)
        if kept is not None:
            return kept
        call = _Call(prompt, messages, model, cancelled)
        first = self._ask(call)
        if first.refused or prompt.schema is None:
            return self._keep(key, first)
        try:
            return self._keep(key, replace(first, value=decoded_answer(first.text, prompt.schema)))
        except AnswerProblem as problem:
            return self._mended(call, first, problem, key)

    # Schemas

    def _mended(
        self, call: _Call, first: Completion, problem: AnswerProblem, key: str
    ) -> Completion:
        """Ask once more, with the schema and what was wrong; the server ignored the schema."""
        schema = call.prompt.schema
        assert schema is not None
        with self._lock:
            self._mode = "prompt"
        again = (
            *call.messages,
            ChatMessage("assistant", first.text or "(nothing)"),
            ChatMessage(
                "user",
                f"That is not the JSON that was asked for: {problem}. Answer with one JSON value "
                f"and nothing else. It has to follow this JSON Schema:\n{_json(schema)}",
            ),
        )
        second = self._ask(with_(call, messages=again))
        both = replace(
            second,
            input_tokens=first.input_tokens + second.input_tokens,
            output_tokens=first.output_tokens + second.output_tokens,
            usd=first.usd + second.usd,
        )
        if second.refused:
            return both
        try:
            value = decoded_answer(second.text, schema)
        except AnswerProblem as still:
            return replace(
                both,
                text="",
                refusal="failed",
                refused=f"The model {call.model} did not give the JSON asked for, also when "
                f"asked again: {still}. Choose a model that follows schemas.",
            )
        return self._keep(key, replace(both, value=value))

    def _options(self, prompt: Prompt) -> tuple[dict[str, Any], str]:
        """Return how the schema is asked for: options of the call, and words for the prompt."""
        if prompt.schema is None:
            return {}, ""
        words = (
            "\n\nAnswer with one JSON value and nothing else. It has to follow this JSON Schema:\n"
            + _json(prompt.schema)
        )
        if self._mode == "json_schema":
            wanted = {"name": "answer", "schema": prompt.schema, "strict": False}
            return {"response_format": {"type": "json_schema", "json_schema": wanted}}, ""
        if self._mode == "json_object":
            return {"response_format": {"type": "json_object"}}, words
        return {}, words

    # One call

    def _ask(self, call: _Call) -> Completion:
        """Make one call within the budget; retries are part of it."""
        expected = round(call.characters / CHARACTERS_A_TOKEN)
        most = call.prompt.max_tokens or self.profile.max_output
        reserved = (expected + most, self.profile.price(expected, most))
        why_not = self._ledger.reserve(*reserved)
        if why_not:
            return _refused(why_not, "budget")
        try:
            answer = self._tried(call, most)
        except Exception as problem:
            # What a server or the library makes of it: the caller gets words, never a stack.
            self._ledger.settle(reserved)
            return _refused(failure_words(problem, self.profile))
        except BaseException:
            self._ledger.settle(reserved)
            raise
        usd = self.profile.price(answer.input_tokens, answer.output_tokens)
        self._ledger.settle(
            reserved,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            usd=usd,
            calls=1,
            estimated=not answer.counted,
        )
        return Completion(
            text=answer.text,
            model=answer.model or call.model,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            usd=usd,
        )

    def _tried(self, call: _Call, most: int) -> _Answer:
        """Call until the answer is whole, or the server fell to what it accepts."""
        broken = 0
        while True:
            try:
                return self._streamed(call, most)
            except BrokenOff:
                broken += 1
                if broken > self.profile.retries or call.cancelled():
                    raise
                time.sleep(min(4.0, 0.25 * 2**broken))
            except Exception as problem:
                if not self._falls(call.prompt, problem):
                    raise

    def _falls(self, prompt: Prompt, problem: Exception) -> bool:
        """Give up an option the server refuses; say whether there was one."""
        with self._lock:
            if self._counts_streams and is_refused_option(problem, "stream_options"):
                self._counts_streams = False
                return True
            formats = ("response_format", "json_schema", "json_object")
            can_fall = prompt.schema is not None and self._mode != _MODES[-1]
            if can_fall and is_refused_option(problem, *formats):
                self._mode = _MODES[_MODES.index(self._mode) + 1]
                return True
        return False

    def _streamed(self, call: _Call, most: int) -> _Answer:
        """Make the call and read its stream to the end.

        Raises:
            BrokenOff: the stream stopped before its end, or went on for too long.
        """
        options, words = self._options(call.prompt)
        sent = [{"role": one.role, "content": one.content} for one in call.messages]
        sent[-1]["content"] += words
        if call.prompt.temperature is not None:
            options["temperature"] = call.prompt.temperature
        if self._counts_streams:
            options["stream_options"] = {"include_usage": True}
        deadline = time.monotonic() + _LONGEST * self.profile.timeout_s
        pieces: list[str] = []
        ended, named, usage = False, call.model, None
        completions: Any = self._opened().chat.completions
        with completions.create(
            model=call.model, messages=sent, max_tokens=most, stream=True, **options
        ) as stream:
            for chunk in stream:
                named = getattr(chunk, "model", None) or named
                usage = getattr(chunk, "usage", None) or usage
                for choice in getattr(chunk, "choices", None) or ():
                    pieces.append((choice.delta.content if choice.delta else None) or "")
                    ended = ended or choice.finish_reason is not None
                if call.cancelled():
                    raise BrokenOff("it was cancelled")
                if time.monotonic() > deadline:
                    raise BrokenOff(f"it went on for more than {_LONGEST} time-outs")
        if not ended:
            raise BrokenOff("the answer stopped in the middle")
        text = "".join(pieces)
        taken, given = _counted(usage)
        return _Answer(
            text,
            named,
            taken if taken is not None else _estimate(sent),
            given if given is not None else round(len(text) / CHARACTERS_A_TOKEN),
            taken is not None and given is not None,
        )

    def _opened(self) -> OpenAI:
        with self._lock:
            if self._client is None:
                from openai import OpenAI

                self._client = OpenAI(
                    base_url=self.profile.base_url,
                    api_key=self.profile.key() or "none",
                    timeout=self.profile.timeout_s,
                    max_retries=self.profile.retries,
                )
            return self._client

    def _model_name(self) -> str:
        """Return the model of the profile, else the first the server names."""
        if not self._model:
            listed = self._opened().models.list().data
            if not listed:
                raise BrokenOff("no model is named in the endpoint and the server lists none")
            self._model = listed[0].id
        return self._model

    # The cache

    def _kept(self, key: str, prompt: Prompt) -> Completion | None:
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is None:
            return None
        value: object = None
        if prompt.schema is not None:
            try:
                value = decoded_answer(kept.text, prompt.schema)
            except AnswerProblem:
                return None
        self._ledger.count_cached()
        return Completion(
            text=kept.text,
            value=value,
            model=kept.model,
            input_tokens=kept.input_tokens,
            output_tokens=kept.output_tokens,
            cached=True,
        )

    def _keep(self, key: str, made: Completion) -> Completion:
        if self._cache is not None and not made.refused:
            self._cache.put(key, Kept(made.text, made.model, made.input_tokens, made.output_tokens))
        return made


def _refused(words: str, kind: RefusalKind = "failed") -> Completion:
    return Completion(refused=words, refusal=kind)


def _counted(usage: Any) -> tuple[int | None, int | None]:
    """Return what a server counted; a server may send anything there."""
    found = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    taken, given = (one if isinstance(one, int) and one >= 0 else None for one in found)
    return taken, given


def _estimate(sent: list[dict[str, str]]) -> int:
    return round(sum(len(one["content"]) for one in sent) / CHARACTERS_A_TOKEN)


def _json(schema: object) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1)
