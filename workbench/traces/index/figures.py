"""Figures of steps that can be added up part by part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Step
from workbench.traces.prices import PriceTable

_FIELDS: Final = ("input", "output", "cached", "cache_write", "cost_usd")


class Figures(Struct, frozen=True):
    """Counts of some steps; None is "not recorded"."""

    steps: int = 0
    tool_calls: int = 0
    errors: int = 0
    input: float | None = None
    output: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    cost_usd: float | None = None
    estimate_usd: float | None = None

    def with_steps(
        self, steps: Iterable[Step], prices: PriceTable | None = None, model: str | None = None
    ) -> Figures:
        """Return these and those of more steps; ``model`` is that of steps that name none."""
        steps = tuple(steps)
        count, calls, errors = self.steps, self.tool_calls, self.errors
        sums: dict[str, float | None] = {name: getattr(self, name) for name in _FIELDS}
        for step in steps:
            count += 1
            calls += len(step.tool_calls)
            errors += sum(call.status == "error" for call in step.tool_calls)
            errors += "error" in step.flags
            if step.metrics is None:
                continue
            for name in _FIELDS:
                more = getattr(step.metrics, name)
                if more is not None:
                    sums[name] = (sums[name] or 0) + more
        more = prices.steps_usd(steps, model).usd if prices is not None else None
        estimate = self.estimate_usd if more is None else (self.estimate_usd or 0) + more
        return Figures(count, calls, errors, **sums, estimate_usd=estimate)
