"""What GEPA said while it ran: candidates with parents and scores, and the frontier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from workbench.plugin.api import Candidate, Context, JobEvent, Stage


class Found(NamedTuple):
    """A candidate that GEPA took into its pool, with its score on each validation task."""

    number: int
    texts: Mapping[str, str]
    parents: tuple[int, ...]
    scores: Mapping[str, float]
    mean: float


def candidate_id(number: int) -> str:
    """Return a candidate's name in the lineage; the first is the library as it is."""
    return f"candidate-{number}" if number else "base"


class Record:
    """GEPA's callbacks; what they tell is kept, so that a run that is stopped has its candidates.

    ``tasks`` are the ids of the validation tasks by GEPA's index; ``evaluated_as`` says under which
    name the adapter had a candidate's texts evaluated.
    """

    def __init__(
        self,
        context: Context,
        tasks: Sequence[str],
        most_calls: int,
        evaluated_as: Callable[[Mapping[str, str]], str],
        tell: Callable[[JobEvent], None],
    ) -> None:
        self._context = context
        self._tasks = tasks
        self._most = max(1, most_calls)
        self._evaluated_as = evaluated_as
        self._tell = tell
        self.found: dict[int, Found] = {}
        self.front: tuple[int, ...] = (0,)
        self.rejected = 0

    def log(self, message: str) -> None:
        """Take a line of GEPA's own log."""
        self._context.log(message[:1000], "debug")

    def on_valset_evaluated(self, event: Mapping[str, Any]) -> None:
        """Note a candidate of the pool."""
        number = int(event["candidate_idx"])
        scores = {self._tasks[int(i)]: float(s) for i, s in event["scores_by_val_id"].items()}
        parents = tuple(int(one) for one in event["parent_ids"] if one is not None)
        mean = float(event["average_score"])
        self.found[number] = Found(number, dict(event["candidate"]), parents, scores, mean)
        self._tell(
            Candidate(
                id=candidate_id(number),
                parents=tuple(candidate_id(one) for one in parents),
                summary=f"mean {mean:.3f} on {len(scores)} validation tasks",
                evaluated_as=self._evaluated_as(event["candidate"]),
            )
        )

    def on_candidate_rejected(self, event: Mapping[str, Any]) -> None:
        """Note an edit that did no better on its minibatch."""
        self.rejected += 1
        words = f"An edit was dropped: {event['old_score']} before, {event['new_score']} after."
        self._context.log(words)

    def on_pareto_front_updated(self, event: Mapping[str, Any]) -> None:
        """Note which candidates are best at some task."""
        self.front = tuple(int(one) for one in event["new_front"])

    def on_iteration_start(self, event: Mapping[str, Any]) -> None:
        """Say which round it is."""
        self._tell(Stage(name="round", done=int(event["iteration"])))

    def on_budget_updated(self, event: Mapping[str, Any]) -> None:
        """Say how far it is."""
        used = int(event["metric_calls_used"])
        self._context.progress(used / self._most, f"{used} of {self._most} results used")

    @property
    def best(self) -> Found | None:
        """The candidate GEPA holds for the best: the highest mean, the earlier of equal ones."""
        return max(self.found.values(), key=lambda one: (one.mean, -one.number), default=None)
