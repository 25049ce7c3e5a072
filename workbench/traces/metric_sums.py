"""The metrics of many steps, added up again whenever one of them changed."""

from __future__ import annotations

from typing import Any, Final

from workbench.domain.trajectory import Metrics

_NAMES: Final = Metrics.__struct_fields__


class MetricSums:
    """A column for each figure: adding one up again costs next to nothing, and is always exact."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in _NAMES}
        self._known = dict.fromkeys(_NAMES, 0)
        self._rows: list[Metrics | None] = []

    def put(self, index: int, metrics: Metrics | None) -> None:
        """Set the metrics of a step, the next one or one that is there; None counts nowhere."""
        if index == len(self._rows):
            self._rows.append(None)
            for column in self._columns.values():
                column.append(0)
        before, self._rows[index] = self._rows[index], metrics
        if metrics == before:
            return
        for name, column in self._columns.items():
            old, new = getattr(before, name, None), getattr(metrics, name, None)
            self._known[name] += (new is not None) - (old is not None)
            column[index] = 0 if new is None else new

    def cut(self, count: int) -> None:
        """Drop all but the first steps."""
        for index in range(count, len(self._rows)):
            self.put(index, None)
        del self._rows[count:]
        for column in self._columns.values():
            del column[count:]

    def totals(self) -> Metrics:
        """Add all up; a figure that no step has stays None."""
        added: dict[str, Any] = {
            name: sum(column) for name, column in self._columns.items() if self._known[name]
        }
        return Metrics(**added)
