"""The loopback proxy: a real server in front of a scripted endpoint, which is a test double."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest

from tests.scripted_endpoint import Answer, Fault, scripted_endpoint
from workbench.domain.job import Budget
from workbench.llm.ledger import Ledger
from workbench.llm.profiles import EndpointProfile
from workbench.llm.proxy import ModelProxy

ASKED: Any = {"model": "any", "messages": [{"role": "user", "content": "my key is hunter2"}]}


@contextmanager
def program(
    answer: Answer, budget: Budget | None = None, **more: Any
) -> Iterator[tuple[openai.OpenAI, Ledger]]:
    """Yield a client as a program would make it from its grant."""
    ledger = Ledger(budget or Budget())
    with scripted_endpoint(answer) as url:
        profile = EndpointProfile(
            "local", url, "scripted-1", retries=0, price_output=1e6, max_output=50
        )
        with ModelProxy({"target": profile}, ledger, **more) as proxy:
            grant = proxy.grants["target"]
            with openai.OpenAI(base_url=grant.base_url, api_key=grant.key, max_retries=0) as client:
                yield client, ledger


def test_a_call_is_passed_on_with_the_endpoints_model_and_counted() -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: dict[str, Any]) -> str:
        seen.append(request)
        return "fine"

    with program(answer) as (client, ledger):
        found = client.chat.completions.create(**ASKED, tools=[], temperature=0.2)
        assert [one.id for one in client.models.list().data] == ["scripted-1"]
    assert found.choices[0].message.content == "fine"
    assert seen[0]["model"] == "scripted-1"
    assert (seen[0]["max_tokens"], seen[0]["temperature"]) == (50, 0.2)
    spent = ledger.spent
    assert (spent.calls, spent.input_tokens, spent.output_tokens, spent.usd) == (1, 3, 2, 2.0)


def test_a_stream_comes_in_pieces_and_is_counted_too() -> None:
    with program(lambda _: "one two three") as (client, ledger):
        stream = client.chat.completions.create(**ASKED, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text == "one two three"
    assert ledger.spent.output_tokens == 2


def test_secrets_do_not_leave_through_it() -> None:
    def redact(text: str) -> str:
        return text.replace("hunter2", "[key]")

    with program(lambda request: request["messages"][0]["content"], redact=redact) as (client, _):
        found = client.chat.completions.create(**ASKED)
    assert found.choices[0].message.content == "my key is [key]"


def test_a_spent_budget_is_refused_and_not_tried_again() -> None:
    with (
        program(lambda _: "x", Budget(tokens=10)) as (client, ledger),
        pytest.raises(openai.APIStatusError, match="budget of 10 tokens") as refused,
    ):
        client.chat.completions.create(**ASKED)
    assert refused.value.status_code == 402
    assert ledger.spent.calls == 0


def test_a_stranger_on_this_machine_is_refused() -> None:
    with program(lambda _: "x") as (client, ledger):
        stranger = client.with_options(api_key="guessed")
        with pytest.raises(openai.AuthenticationError, match="not one of this run"):
            stranger.chat.completions.create(**ASKED)
        with pytest.raises(openai.NotFoundError):
            client.embeddings.create(model="m", input="x")
    assert ledger.spent.calls == 0


@pytest.mark.parametrize("fault", [Fault(500), Fault(401), Fault(429)])
def test_what_the_endpoint_does_wrong_reaches_the_program_in_words(fault: Fault) -> None:
    with (
        program(lambda _: fault) as (client, ledger),
        pytest.raises(openai.InternalServerError, match="endpoint 'local'"),
    ):
        client.chat.completions.create(**ASKED)
    # Nothing stays reserved, nothing is charged.
    assert ledger.spent.calls == 0
    assert not ledger.reserve(10, 0.0)
