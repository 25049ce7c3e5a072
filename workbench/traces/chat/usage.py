"""Token counts as the model APIs report them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.domain.trajectory import Metrics
from workbench.traces.draft import reported
from workbench.traces.json_values import integer, mapping, number


def usage_metrics(usage: Mapping[str, Any]) -> Metrics | None:
    """Return a ``usage`` object as metrics whose input includes the cached tokens.

    OpenAI's ``prompt_tokens`` (chat) and ``input_tokens`` (Responses) include the cache;
    Anthropic's ``input_tokens`` stand beside ``cache_read_input_tokens``. None when nothing, or
    only zeros, is recorded.
    """
    prompt = integer(usage.get("prompt_tokens"))
    read = integer(usage.get("cache_read_input_tokens"))
    write = integer(usage.get("cache_creation_input_tokens"))
    details = mapping(usage.get("prompt_tokens_details")) or mapping(
        usage.get("input_tokens_details")
    )
    cached = integer(details.get("cached_tokens"))
    taken = prompt if prompt is not None else integer(usage.get("input_tokens"))
    if prompt is None and taken is not None and cached is None:
        taken += (read or 0) + (write or 0)
    answer = mapping(usage.get("completion_tokens_details")) or mapping(
        usage.get("output_tokens_details")
    )
    output = integer(usage.get("completion_tokens"))
    made = reported(
        input=taken,
        output=output if output is not None else integer(usage.get("output_tokens")),
        cached=cached if cached is not None else read,
        cache_write=write,
        reasoning=integer(answer.get("reasoning_tokens")),
    )
    cost = number(usage.get("cost")) or number(usage.get("total_cost"))
    if made is None or not cost:
        return made
    return Metrics(
        made.input, made.output, made.cached, made.cache_write, made.reasoning, cost_usd=cost
    )
