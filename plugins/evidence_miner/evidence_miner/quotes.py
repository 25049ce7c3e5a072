"""Evidence: quotes with the step they come from, numbered within one draft."""

from __future__ import annotations

from typing import Literal

from evidence_miner.commands import exact_part
from evidence_miner.pitfalls import Pair
from evidence_miner.sessions import Action
from workbench.plugin.api import Evidence

Relation = Literal["failure", "fix", "success", "other"]


class Quotes:
    """Collects the evidence of one draft; the same quote of the same step is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, str], Evidence] = {}

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All of it, in the order it was added."""
        return tuple(self._found.values())

    def add(self, trace: str, step: int, quote: str, relation: Relation) -> tuple[str, ...]:
        """Add a quote and return its id; nothing for a quote that cannot be an exact one."""
        if not quote.strip() or "\ufffd" in quote:
            return ()
        key = (trace, step, quote)
        if key not in self._found:
            name = f"e{len(self._found) + 1}"
            self._found[key] = Evidence(name, trace, step, step, quote, relation=relation)
        return (self._found[key].id,)

    def add_failure(self, action: Action) -> tuple[str, ...]:
        """Add the line of an output that names the error."""
        if action.error is None:
            return ()
        return self.add(action.trace, action.step, action.error.quote, "failure")

    def add_pair(self, pair: Pair) -> tuple[str, ...]:
        """Add what failed, its error, and what worked."""
        failed = exact_part(pair.shown.failed, pair.failure.raw)
        worked = exact_part(pair.shown.worked, pair.fix.raw)
        return (
            *self.add(pair.failure.trace, pair.failure.step, failed, "failure"),
            *self.add_failure(pair.failure),
            *self.add(pair.fix.trace, pair.fix.step, worked, "fix"),
        )
