"""What calls to models took and what is left: caps hold also for calls that are under way."""

from __future__ import annotations

import threading

from msgspec import Struct

from workbench.domain.job import Budget

#: Where a server counts nothing: so many characters are about a token of English or code.
CHARACTERS_A_TOKEN = 3.5


class Spent(Struct, frozen=True):
    """What was used up so far. ``cached`` calls cost nothing and are not among ``calls``."""

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    estimated: bool = False


class Ledger:
    """Counts one run; thread-safe.

    A call reserves what it may take before it begins, so that twenty calls at once do not pass a
    cap together; when it ends, what it took stands in place of the reservation.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._spent = Spent()
        self._reserved_tokens = 0
        self._reserved_usd = 0.0

    @property
    def spent(self) -> Spent:
        """What was used up so far."""
        return self._spent

    def reserve(self, tokens: int, usd: float) -> str:
        """Set tokens and money aside; return why not, in words, "" when it is done.

        The last call before a cap may be refused although its real length would have fitted.
        """
        caps = self._budget
        with self._lock:
            used = self._spent.input_tokens + self._spent.output_tokens
            wanted = used + self._reserved_tokens + tokens
            if caps.tokens is not None and wanted > caps.tokens:
                return (
                    f"The budget of {caps.tokens:,} tokens is spent: {used:,} are used, and the "
                    f"next call may take {tokens:,}."
                )
            cost = self._spent.usd + self._reserved_usd + usd
            if caps.usd is not None and cost > caps.usd:
                return (
                    f"The budget of ${caps.usd:,.2f} is spent: ${self._spent.usd:,.4f} is used, "
                    f"and the next call may take ${usd:,.4f}."
                )
            self._reserved_tokens += tokens
            self._reserved_usd += usd
        return ""

    def settle(
        self,
        reserved: tuple[int, float],
        *,
        input_tokens: int = 0,
        output_tokens: int = 0,
        usd: float = 0.0,
        calls: int = 0,
        estimated: bool = False,
    ) -> None:
        """Put what a call took in place of its reservation."""
        with self._lock:
            self._reserved_tokens -= reserved[0]
            self._reserved_usd -= reserved[1]
            before = self._spent
            self._spent = Spent(
                calls=before.calls + calls,
                cached=before.cached,
                input_tokens=before.input_tokens + input_tokens,
                output_tokens=before.output_tokens + output_tokens,
                usd=before.usd + usd,
                estimated=before.estimated or estimated,
            )

    def count_cached(self) -> None:
        """Note an answer that came from the cache."""
        with self._lock:
            before = self._spent
            self._spent = Spent(
                before.calls,
                before.cached + 1,
                before.input_tokens,
                before.output_tokens,
                before.usd,
                before.estimated,
            )
