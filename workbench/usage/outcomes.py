"""How a session ended: what its format recorded, and what a person attached to it.

The two are shown side by side; a person's word never takes the place of what was recorded without
saying so.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.annotation import Annotation
from workbench.domain.trajectory import Outcome, OutcomeStatus, Trajectory
from workbench.usage.annotated import belongs


class AttachedOutcome(Struct, frozen=True):
    """An outcome a person gave a trace. ``date`` is the day it was given, ``author`` "" is you."""

    annotation: str
    status: OutcomeStatus
    score: float | None
    note: str
    date: str
    author: str = ""

    @property
    def source(self) -> str:
        """Who says so and when, in words: "attached by you on 2026-10-12"."""
        return f"attached by {self.author or 'you'} on {self.date}"


class JudgedOutcome(Struct, frozen=True):
    """What counts as the outcome of a trace, and where that comes from."""

    recorded: Outcome
    attached: AttachedOutcome | None = None

    @property
    def status(self) -> OutcomeStatus:
        """The outcome that counts: the attached one, else the recorded one."""
        return self.attached.status if self.attached is not None else self.recorded.status

    @property
    def score(self) -> float | None:
        """The score that counts. A recorded reward is never given to an attached outcome."""
        return self.attached.score if self.attached is not None else self.recorded.reward

    @property
    def source(self) -> str:
        """Where the outcome comes from, in words; "" where there is none."""
        if self.attached is not None:
            return self.attached.source
        return "" if self.recorded.status == "unknown" else "recorded in the trace"

    @property
    def disagrees(self) -> bool:
        """Whether a person says something else than the trace, which says something."""
        known = self.recorded.status != "unknown"
        return known and self.attached is not None and self.attached.status != self.recorded.status

    @property
    def outcome(self) -> Outcome:
        """What counts, as a plain outcome whose reason names its source."""
        if self.attached is None:
            return self.recorded
        return Outcome(self.status, self.attached.score, reason=self.attached.source)


class AttachedOutcomes:
    """The outcomes among annotations, to be asked for many traces. The last word on one counts."""

    def __init__(self, annotations: Iterable[Annotation] = ()) -> None:
        self._by_id: dict[str, list[Annotation]] = {}
        for one in sorted(annotations, key=lambda one: one.changed, reverse=True):
            if one.outcome is not None and not one.deleted:
                self._by_id.setdefault(one.anchor.trajectory, []).append(one)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_id)

    @property
    def trajectories(self) -> tuple[str, ...]:
        """The ids of the trajectories that may have one."""
        return tuple(self._by_id)

    def of(
        self, trajectory: str, session: str | None, path: str, start: str | None = None
    ) -> AttachedOutcome | None:
        """Return what was attached to a trace; ``start`` is the uid of its first step, if known.

        For rows of an index, which have no trajectory at hand.
        """
        for one in self._by_id.get(trajectory, ()):
            if belongs(one.anchor, trajectory, session, path, start):
                return AttachedOutcome(
                    annotation=one.id,
                    status=one.outcome or "unknown",
                    score=one.score,
                    note=one.note,
                    date=one.changed[:10],
                    author=one.author,
                )
        return None


def outcome_of(trajectory: Trajectory, attached: AttachedOutcomes) -> JudgedOutcome:
    """Return how a run ended, as recorded and as attached."""
    path = trajectory.sources[0].path if trajectory.sources else ""
    start = trajectory.steps[0].uid if trajectory.steps else None
    said = attached.of(trajectory.id, trajectory.session, path, start)
    return JudgedOutcome(trajectory.outcome, said)


def with_attached(trajectory: Trajectory, attached: AttachedOutcomes) -> Trajectory:
    """Return the trajectory with the outcome that counts; itself where nothing was attached."""
    if not attached:
        return trajectory
    judged = outcome_of(trajectory, attached)
    if judged.attached is None:
        return trajectory
    return replace(trajectory, outcome=judged.outcome)
