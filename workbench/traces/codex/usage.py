"""Token counts of Codex rollouts: what each API call used, never the running totals added up.

``last_token_usage`` is one call; ``total_token_usage`` runs over the session. A ``token_count``
with the total of the one before only brings new rate limits. Input includes the cached tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.domain.trajectory import Metrics
from workbench.traces.draft import reported
from workbench.traces.json_values import integer, mapping

_NAMES: Final = {
    "input": ("input_tokens", "prompt", "prompt_tokens"),
    "cached": ("cached_input_tokens",),
    "cache_write": ("cache_write_input_tokens",),
    "output": ("output_tokens", "completion", "completion_tokens"),
    "reasoning": ("reasoning_output_tokens",),
}


class UsageMeter:
    """Reads the ``info`` of token counts in order."""

    def __init__(self) -> None:
        self._total: Metrics | None = None

    def read(self, info: Mapping[str, Any]) -> tuple[Metrics | None, bool]:
        """Return (what the call used, whether the record only repeats the one before)."""
        total = _metrics(mapping(info.get("total_token_usage")))
        if total is not None and total == self._total:
            return None, True
        last = _metrics(mapping(info.get("last_token_usage")))
        if last is None and total is None:
            return _metrics(info), False
        if last is None and total is not None:
            last = _less(total, self._total)
        self._total = total or self._total
        return last, False


def _metrics(usage: Mapping[str, Any]) -> Metrics | None:
    return reported(
        **{
            field: next((n for name in names if (n := integer(usage.get(name))) is not None), None)
            for field, names in _NAMES.items()
        }
    )


def _less(total: Metrics, before: Metrics | None) -> Metrics | None:
    if before is None:
        return total
    counts: dict[str, int | None] = {}
    for name in _NAMES:
        now, then = getattr(total, name), getattr(before, name) or 0
        counts[name] = None if now is None else now - then if now >= then else now
    return reported(**counts)
