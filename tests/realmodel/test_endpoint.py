"""Endpoints against a real llama.cpp server on loopback: plumbing, not judgement."""

from __future__ import annotations

import threading
from pathlib import Path

import openai
import pytest

from workbench.domain.job import Budget
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.llm.cache import ResponseCache
from workbench.llm.ledger import Ledger
from workbench.llm.probe import probe_endpoint
from workbench.llm.profiles import EndpointProfile
from workbench.llm.proxy import ModelProxy
from workbench.llm.service import ANY_ROLE, ModelService

pytestmark = pytest.mark.realmodel

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"action": {"enum": ["edit", "skip"]}},
    "required": ["action"],
    "additionalProperties": False,
}


def profile(url: str, **more: object) -> EndpointProfile:
    values = {"timeout_s": 120.0, "concurrency": 2, **more}
    return EndpointProfile("real", url, **values)  # type: ignore[arg-type]


def prompt(text: str, **more: object) -> Prompt:
    return Prompt((ChatMessage("user", text),), temperature=0.0, **more)  # type: ignore[arg-type]


def test_the_probe_says_what_the_server_can_do(real_model: str) -> None:
    report = probe_endpoint(profile(real_model))
    assert report.usable
    assert {probe.name: probe.ok for probe in report.probes}["stream"]


def test_an_answer_is_streamed_counted_by_the_server_and_kept(
    real_model: str, tmp_path: Path
) -> None:
    cache = ResponseCache(tmp_path / "answers.sqlite")
    found: list[Completion] = []
    for _ in range(2):
        service = ModelService({ANY_ROLE: profile(real_model)}, Budget(), cache=cache)
        found.append(service.complete(prompt("Say hello in three words.", max_tokens=24)))
        service.close()
    cache.close()
    assert not found[0].refused
    assert found[0].text
    assert 0 < found[0].output_tokens <= 24
    assert (found[1].text, found[1].cached) == (found[0].text, True)
    assert service.spent.calls == 0


def test_a_schema_is_followed(real_model: str) -> None:
    service = ModelService({ANY_ROLE: profile(real_model)}, Budget())
    found = service.complete(
        prompt("A command failed twice. Choose edit or skip.", schema=SCHEMA, max_tokens=64)
    )
    service.close()
    assert not found.refused
    assert found.value in ({"action": "edit"}, {"action": "skip"})


def test_two_calls_at_once_share_a_budget(real_model: str) -> None:
    service = ModelService({ANY_ROLE: profile(real_model)}, Budget(tokens=120))
    done = threading.Event()
    found: list[Completion] = []

    def told(one: Completion) -> None:
        found.append(one)
        if len(found) == 5:
            done.set()

    for number in range(5):
        service.ask(prompt(f"Count from {number}.", max_tokens=32), told)
    assert done.wait(120)
    spent = service.spent
    service.close()
    assert any(one.text for one in found)
    assert any(one.refusal == "budget" for one in found)
    assert spent.input_tokens + spent.output_tokens <= 120 + 2 * 40  # templates add some tokens


def test_an_answer_that_is_not_wanted_any_more_is_broken_off(real_model: str) -> None:
    service = ModelService({ANY_ROLE: profile(real_model, retries=0)}, Budget())
    stop = threading.Event()
    found = service.complete(
        prompt("Tell a very long story.", max_tokens=2000), lambda: stop.is_set() or stop.set()
    )
    service.close()
    assert "cancelled" in found.refused


def test_a_program_reaches_it_through_the_proxy(real_model: str) -> None:
    ledger = Ledger(Budget())
    with ModelProxy({"target": profile(real_model, model="smollm2-135m")}, ledger) as proxy:
        grant = proxy.grants["target"]
        with openai.OpenAI(base_url=grant.base_url, api_key=grant.key) as client:
            whole = client.chat.completions.create(
                model=grant.model, messages=[{"role": "user", "content": "Hi"}], max_tokens=8
            )
            stream = client.chat.completions.create(
                model=grant.model,
                messages=[{"role": "user", "content": "Hi"}],
                max_tokens=8,
                stream=True,
            )
            text = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    assert whole.usage is not None
    assert text
    assert ledger.spent.calls == 2
    assert ledger.spent.input_tokens == 2 * whole.usage.prompt_tokens
    assert not ledger.spent.estimated
