"""Asking an endpoint: a scripted one on loopback, which is a test double."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_endpoint import Answer, Fault, scripted_endpoint
from workbench.domain.job import Budget
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.llm.cache import ResponseCache
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ANY_ROLE, ModelService

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"action": {"enum": ["edit", "skip"]}},
    "required": ["action"],
}


def prompt(text: str = "Hello", **more: Any) -> Prompt:
    return Prompt((ChatMessage("user", text),), **more)


def ask(
    answer: Answer,
    asked: Prompt | None = None,
    *,
    budget: Budget | None = None,
    cache: ResponseCache | None = None,
    redact: Callable[[str], str] | None = None,
    **profile: Any,
) -> tuple[Completion, ModelService]:
    with scripted_endpoint(answer) as url:
        service = ModelService(
            {ANY_ROLE: EndpointProfile("local", url, "scripted-1", **{"retries": 1, **profile})},
            budget or Budget(),
            cache=cache,
            redact=redact,
        )
        try:
            return service.complete(asked or prompt()), service
        finally:
            service.close()


def test_an_answer_is_streamed_whole_and_counted() -> None:
    found, service = ask(lambda _: "two  words\nand more", price_input=1.0, price_output=2.0)
    assert found.text == "two  words\nand more"
    assert (found.input_tokens, found.output_tokens) == (3, 2)
    assert found.usd == pytest.approx((3 * 1 + 2 * 2) / 1e6)
    assert service.spent.calls == 1
    assert service.spent.usd == pytest.approx(found.usd)
    assert not service.spent.estimated


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "edit"}',
        'Sure, here it is:\n```json\n{"action": "edit"}\n```\nAnything else?',
        'I think {"action": "edit",} is right.',
        "{'action': 'edit'}",
    ],
)
def test_json_is_found_in_what_servers_make_of_it(text: str) -> None:
    found, service = ask(lambda _: text, prompt(schema=SCHEMA))
    assert found.value == {"action": "edit"}
    assert service.spent.calls == 1


def test_a_model_that_ignores_the_schema_is_told_what_was_wrong_and_asked_once_more() -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> str:
        seen.append(request)
        return '{"action": "dance"}' if len(seen) == 1 else '{"action": "skip"}'

    found, service = ask(answer, prompt(schema=SCHEMA))
    assert found.value == {"action": "skip"}
    assert service.spent.calls == 2
    assert found.input_tokens == 6
    last = seen[1]["messages"][-1]["content"]
    assert "'dance' is not one of" in last
    assert '"enum"' in last


def test_a_model_that_cannot_follow_the_schema_is_named_and_the_cost_is_kept() -> None:
    found, service = ask(lambda _: "no json here", prompt(schema=SCHEMA))
    assert found.refusal == "failed"
    assert "scripted-1 did not give the JSON" in found.refused
    assert service.spent.calls == 2


def test_a_server_that_refuses_response_formats_is_asked_in_words() -> None:
    formats: list[str | None] = []

    def answer(request: dict[str, Any]) -> str | Fault:
        wanted = request.get("response_format", {}).get("type")
        formats.append(wanted)
        if wanted is not None:
            return Fault(400, f"response_format {wanted} is not supported")
        assert "JSON Schema" in request["messages"][-1]["content"]
        return '{"action": "edit"}'

    found, _ = ask(answer, prompt(schema=SCHEMA))
    assert found.value == {"action": "edit"}
    assert formats == ["json_schema", "json_object", None]


def test_a_server_that_knows_no_stream_options_is_asked_without() -> None:
    def answer(request: dict[str, Any]) -> str | Fault:
        return Fault(400, "stream_options: unknown") if "stream_options" in request else "fine"

    assert ask(answer)[0].text == "fine"


def test_a_busy_server_is_asked_again_and_a_broken_stream_too() -> None:
    script: list[str | Fault] = [Fault(429, retry_after=0.01), Fault(cut="half an"), "whole answer"]
    found, service = ask(lambda _: script.pop(0))
    assert found.text == "whole answer"
    assert service.spent.calls == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(429, retry_after=0.01), "asked too often"),
        (Fault(cut="half"), "stopped in the middle"),
        (Fault(500, "out of memory"), "status 500"),
        (Fault(401, "bad key"), "refuses the key"),
        (Fault(404, "no such model"), "does not know that address or the model"),
        (Fault(silent_s=0.6, status=500), "did not answer within"),
    ],
)
def test_what_a_server_does_wrong_is_told_in_words(fault: Fault, words: str) -> None:
    found, service = ask(lambda _: fault, retries=0, timeout_s=0.3)
    assert found.refusal == "failed"
    assert words in found.refused
    assert "local" in found.refused
    # Nothing stays reserved.
    assert service.spent.calls == 0


def test_a_server_that_is_not_there_is_named() -> None:
    profile = EndpointProfile("gone", "http://127.0.0.1:9/v1", "m", retries=0)
    service = ModelService({ANY_ROLE: profile}, Budget())
    found = service.complete(prompt())
    service.close()
    assert "'gone'" in found.refused
    assert "cannot be reached" in found.refused


def test_without_a_named_model_the_first_of_the_server_is_taken() -> None:
    with scripted_endpoint(lambda request: request["model"], ("first", "second")) as url:
        service = ModelService({ANY_ROLE: EndpointProfile("local", url)}, Budget())
        assert service.complete(prompt()).text == "first"
        service.close()


def test_a_budget_of_tokens_refuses_before_it_is_passed_also_with_calls_at_once() -> None:
    go = threading.Barrier(2, timeout=10)

    def answer(_: dict[str, Any]) -> str:
        go.wait()
        return "done"

    with scripted_endpoint(answer) as url:
        profile = EndpointProfile("local", url, "m", concurrency=8, max_output=100)
        # Two calls of about 101 tokens fit at once, a third does not.
        service = ModelService({ANY_ROLE: profile}, Budget(tokens=250))
        found: list[Completion] = []
        together = threading.Event()

        def told(one: Completion) -> None:
            found.append(one)
            if len(found) == 6:
                together.set()

        for _ in range(6):
            service.ask(prompt("Hi"), told)
        assert together.wait(10)
        service.close()
    assert sorted(one.refusal for one in found) == ["", "", *["budget"] * 4]
    refused = next(one.refused for one in found if one.refused)
    assert "budget of 250 tokens" in refused


def test_a_budget_of_money_counts_prices() -> None:
    found, service = ask(lambda _: "x", budget=Budget(usd=0.001), price_output=1000.0)
    assert found.refusal == "budget"
    assert "$0.00" in found.refused
    assert service.spent.calls == 0


def test_a_repeated_call_comes_from_the_cache_and_costs_nothing(tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> str:
        calls.append(request)
        return '{"action": "edit"}'

    cache = ResponseCache(tmp_path / "answers.sqlite")
    with scripted_endpoint(answer) as url:
        profile = EndpointProfile("local", url, "m", price_output=5.0)
        for number in range(2):
            service = ModelService({ANY_ROLE: profile}, Budget(), cache=cache)
            found = service.complete(prompt(schema=SCHEMA, label=f"map {number}"))
            service.close()
        other = ModelService({ANY_ROLE: profile}, Budget(), cache=cache)
        other.complete(prompt("Something else", schema=SCHEMA))
        other.close()
    cache.close()
    assert found.cached
    assert found.value == {"action": "edit"}
    assert (service.spent.calls, service.spent.cached, service.spent.usd) == (0, 1, 0.0)
    assert len(calls) == 2


def test_secrets_are_taken_out_of_what_is_sent() -> None:
    def answer(request: dict[str, Any]) -> str:
        return json.dumps(request["messages"])

    found, _ = ask(
        answer, prompt("the key is hunter2"), redact=lambda text: text.replace("hunter2", "[key]")
    )
    assert "hunter2" not in found.text
    assert "[key]" in found.text


def test_a_role_without_an_endpoint_is_refused_in_words() -> None:
    service = ModelService({}, Budget())
    found = service.complete(prompt(role="judge"))
    service.close()
    assert found.refusal == "unavailable"
    assert "'judge'" in found.refused


def test_closing_ends_what_waits_and_what_runs() -> None:
    started = threading.Event()

    def answer(_: dict[str, Any]) -> Fault:
        started.set()
        return Fault(silent_s=0.5, cut="late")

    with scripted_endpoint(answer) as url:
        profile = EndpointProfile("local", url, "m", concurrency=1, retries=0)
        service = ModelService({ANY_ROLE: profile}, Budget())
        found: list[Completion] = []
        service.ask(prompt(), found.append)
        assert started.wait(10)
        service.close()
        service.ask(prompt("after"), found.append)
    assert all(one.refused for one in found)
    assert found[-1].refused == "The run was stopped."


def test_an_endpoint_without_usage_is_counted_by_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import scripted_endpoint as double

    whole = double._completion

    def without_usage(choice: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in whole(choice).items() if key != "usage"}

    monkeypatch.setattr(double, "_completion", without_usage)
    found, service = ask(lambda _: "an answer of some length")
    assert found.output_tokens > 0
    assert service.spent.estimated


def test_a_schema_that_is_none_is_refused_before_anything_is_sent() -> None:
    found, service = ask(lambda _: "x", prompt(schema={"type": "nonsense"}))
    assert "schema is not valid" in found.refused
    assert service.spent.calls == 0


def test_a_schema_never_makes_a_download() -> None:
    asked: list[str] = []
    with scripted_endpoint(lambda _: '{"action": "edit"}') as url:
        outside: dict[str, object] = {"$ref": f"{url}/schema.json"}
        found, _ = ask(
            lambda request: asked.append("chat") or '{"a": 1}',  # type: ignore[func-returns-value]
            prompt(schema=outside),
        )
    assert "cannot be applied" in found.refused or "did not give" in found.refused
    assert asked == ["chat", "chat"]
