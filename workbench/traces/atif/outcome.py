"""The verdict of an ATIF trajectory, which has no field for one: it is kept in ``extra``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from workbench.domain.trajectory import Outcome, OutcomeStatus
from workbench.traces.json_values import integer, items, mapping, number, one_line, string
from workbench.traces.verdicts import score_of, status_of

_STATUSES: Final = frozenset(get_args(OutcomeStatus))


def outcome_of(extra: Mapping[str, Any]) -> Outcome:
    """Return what ``extra`` tells of the end.

    Our own export keeps the whole outcome; others a ``reward`` (also beside ``rewards`` by name),
    or agentpile's ``outcome`` with ``success`` and ``score``.
    """
    told = mapping(extra.get("outcome")) or mapping(mapping(extra.get("agentpile")).get("outcome"))
    rewards = mapping(extra.get("rewards")) or mapping(
        mapping(extra.get("verifier_result")).get("rewards")
    )
    known = (told.get("reward"), extra.get("reward"), rewards.get("reward"), told.get("score"))
    reward = next((n for one in known if (n := number(one)) is not None), None)
    success = told.get("success")
    if reward is None and isinstance(success, bool):
        reward = float(success)
    recorded = string(told.get("status"))
    status: OutcomeStatus = status_of(reward) if reward is not None else "unknown"
    if recorded in _STATUSES:
        status = cast("OutcomeStatus", recorded)
    scores = [mapping(one) for one in items(told.get("scores"))]
    scores += [{"name": name, "value": value} for name, value in rewards.items()]
    return Outcome(
        status,
        reward,
        integer(told.get("tests_passed")),
        integer(told.get("tests_total")),
        one_line(string(told.get("reason")) or ""),
        tuple(score_of(one.get("name"), one.get("value"), one.get("text")) for one in scores),
    )
