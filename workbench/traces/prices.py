"""What a run would have cost by a dated table of prices; always an estimate, and marked as one."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import Metrics, Step, Trajectory
from workbench.resources import bundled
from workbench.traces.importer import TraceError

_PROVIDER: Final = re.compile(r"^(?:.*/|(?:[a-z]{2,6}\.)?anthropic\.|models/)")
#: What may follow a model's name: a date, a channel, a mode of the client. Anything else is another
#: model, whose price is not known.
_VARIANT: Final = re.compile(
    r"(?:[-@]20\d{6}|[-@]20\d\d-\d\d-\d\d|-latest|-preview(?:-\d\d-\d{2,4})?|-v\d+|:\d+|\[1m\]"
    r"|-thinking|:thinking)*"
)
_FIRST: Final = "0000-00-00"


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars per million tokens from a day on; above ``above`` input tokens the ``long_`` ones."""

    models: tuple[str, ...]
    input: float
    output: float
    since: str = _FIRST
    cached: float | None = None
    cache_write: float | None = None
    above: int | None = None
    long_input: float | None = None
    long_output: float | None = None
    long_cached: float | None = None
    source: str = ""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    as_of: str = ""
    sources: dict[str, str] = {}
    price: tuple[Price, ...] = ()


class Cost(Struct, frozen=True):
    """Dollars of a run. "reported": the trace says so. "estimated": by the table, as of ``as_of``;
    ``unpriced`` model calls have no price and are not in it. "unknown": nothing can be said.
    """

    usd: float | None
    source: Literal["reported", "estimated", "unknown"]
    unpriced: int = 0
    as_of: str = ""


class PriceTable:
    """Prices by model and day; rows given first come first. ``key`` changes with any price."""

    def __init__(self, rows: Iterable[Price], as_of: str = "", key: int = 0) -> None:
        self.as_of = as_of
        self.key = key
        self._by_model: dict[str, list[Price]] = {}
        for row in rows:
            for model in row.models:
                self._by_model.setdefault(model.lower(), []).append(row)
        self._found: dict[str, list[Price]] = {}

    @classmethod
    def load(cls, own: Path | None = None) -> PriceTable:
        """Read the bundled table, and a user's own before it where there is one.

        Raises:
            TraceError: the user's table cannot be read.
        """
        data = (bundled("resources") / "prices.toml").read_bytes()
        table = _read(data, bundled("resources") / "prices.toml")
        rows, as_of = list(table.price), table.as_of
        if own is not None and own.is_file():
            try:
                more = own.read_bytes()
            except OSError as problem:
                raise TraceError(f"Cannot read {own}: {problem.strerror}.") from problem
            mine = _read(more, own)
            named = {model.lower() for row in mine.price for model in row.models}
            kept = [
                msgspec.structs.replace(
                    row, models=tuple(one for one in row.models if one.lower() not in named)
                )
                for row in rows
            ]
            rows, as_of, data = [*mine.price, *kept], mine.as_of or as_of, data + more
        return cls(rows, as_of, zlib.crc32(data) & 0x7FFFFFFF)

    def price(self, model: str, day: str = "") -> Price | None:
        """Return the price of a model on a day (ISO 8601; its last one where none is given)."""
        rows = self._found.get(model)
        if rows is None:
            rows = self._found[model] = self._rows(model)
        valid = [row for row in rows if not day or row.since <= day[:10]]
        if not valid and rows and day:
            return min(rows, key=lambda row: row.since)  # before its first price: a preview
        return max(valid, key=lambda row: row.since, default=None)

    def step_usd(self, metrics: Metrics, model: str, day: str = "") -> float | None:
        """Return the dollars of one model call, None where model or tokens are not known."""
        row = self.price(model, day)
        if row is None or (metrics.input is None and metrics.output is None):
            return None
        whole, cached, written = metrics.input or 0, metrics.cached or 0, metrics.cache_write or 0
        fresh = max(0, whole - cached - written)
        at_input, at_output, at_cached = row.input, row.output, row.cached
        if row.above is not None and whole > row.above:
            at_input = row.long_input if row.long_input is not None else at_input
            at_output = row.long_output if row.long_output is not None else at_output
            at_cached = row.long_cached if row.long_cached is not None else at_cached
        at_cached = at_input if at_cached is None else at_cached
        at_write = at_input if row.cache_write is None else row.cache_write
        dollars = fresh * at_input + cached * at_cached + written * at_write
        return (dollars + (metrics.output or 0) * at_output) / 1_000_000

    def steps_usd(self, steps: Iterable[Step], fallback: str | None = None) -> Cost:
        """Return the estimate of some steps; copied ones were paid for elsewhere.

        Args:
            steps: the steps.
            fallback: the model of steps that name none.
        """
        total, unpriced, priced = 0.0, 0, 0
        for step in steps:
            if step.metrics is None or "copied" in step.flags:
                continue
            dollars = self.step_usd(step.metrics, step.model or fallback or "", step.time or "")
            if dollars is None:
                unpriced += 1
            else:
                total, priced = total + dollars, priced + 1
        if not priced:
            return Cost(None, "unknown", unpriced)
        return Cost(total, "estimated", unpriced, self.as_of)

    def _rows(self, model: str) -> list[Price]:
        name = _PROVIDER.sub("", model.strip().lower())
        for known in sorted(self._by_model, key=len, reverse=True):
            if name.startswith(known) and _VARIANT.fullmatch(name, len(known)):
                return self._by_model[known]
        return []


def cost_of(trajectory: Trajectory, prices: PriceTable) -> Cost:
    """Return what a run cost: as reported, else estimated step by step, else as a whole."""
    reported = trajectory.totals.cost_usd
    if reported is not None:
        return Cost(reported, "reported")
    made = prices.steps_usd(trajectory.steps, trajectory.model)
    if made.usd is not None or made.unpriced or trajectory.model is None:
        return made
    # Formats that record tokens of the whole run alone; long prompts cannot be told there.
    day = trajectory.started or ""
    usd = prices.step_usd(trajectory.totals, trajectory.model, day)
    return Cost(usd, "estimated" if usd is not None else "unknown", 0, prices.as_of)


def dollar_words(usd: float) -> str:
    """Return dollars with as many digits as say something: $1,204, $2.39, $0.019, $0.0052."""
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 1:
        return f"${usd:.2f}"
    return f"${usd:.3f}" if usd >= 0.01 or usd == 0 else f"${usd:.2g}"


def _read(data: bytes, path: Path) -> _Table:
    try:
        return msgspec.convert(tomllib.loads(data.decode()), _Table)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as problem:
        raise TraceError(
            f"{path} is no table of prices: {problem}. Compare it with the bundled "
            "resources/prices.toml."
        ) from problem
