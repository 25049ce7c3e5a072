"""What the reviewer chose for each hunk so far, with undo. No Qt, no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Hunk, HunkVerdict, Split, VerdictKind
from workbench.review.dependencies import needed, stranded
from workbench.review.session import WHOLE
from workbench.review.splits import carried

_PAST = {"accept": "Accepted", "reject": "Rejected", "defer": "Deferred"}


class Act(Struct, frozen=True):
    """One act of the reviewer: what it is called, and the verdicts before it.

    ``hunks`` are those before it, with their ``splits``, when it split or joined some.
    """

    title: str
    before: tuple[HunkVerdict, ...]
    hunks: tuple[Hunk, ...] | None = None
    splits: tuple[Split, ...] = ()


class Choices(Struct, frozen=True):
    """Verdicts by hunk and the acts that led to them. Every change gives a new value.

    ``note`` says what an act did beyond the hunks it was meant for. ``splits`` are what the hunks
    are parts of.
    """

    hunks: tuple[Hunk, ...]
    verdicts: tuple[HunkVerdict, ...] = ()
    acts: tuple[Act, ...] = ()
    note: str = ""
    splits: tuple[Split, ...] = ()

    @property
    def said(self) -> tuple[tuple[HunkVerdict, ...], tuple[Split, ...]]:
        """What is kept of it."""
        return self.verdicts, self.splits

    def of(self, hunk_id: str) -> HunkVerdict | None:
        """Return the verdict on a hunk, None while it is open."""
        return next((one for one in self.verdicts if one.hunk == hunk_id), None)

    def kind(self, hunk_id: str) -> VerdictKind | None:
        """Return accept, reject, defer, or None while it is open."""
        verdict = self.of(hunk_id)
        return None if verdict is None else verdict.verdict

    @property
    def names(self) -> tuple[str, ...]:
        """What can be decided on: the ids of the hunks, or the proposal as a whole."""
        return tuple(hunk.id for hunk in self.hunks) or (WHOLE,)

    def count(self, kind: VerdictKind | None) -> int:
        """Return how many hunks have that verdict (None: are open)."""
        kinds = {verdict.hunk: verdict.verdict for verdict in self.verdicts}
        return sum(kinds.get(name) == kind for name in self.names)

    def set(
        self, names: Iterable[str], kind: VerdictKind, reason: str = "", comment: str = ""
    ) -> Choices:
        """Accept, reject or defer hunks.

        Accepting takes along what a hunk depends on; turning one down turns down what was accepted
        on top of it. ``note`` says so.
        """
        known = set(self.names)
        now = {verdict.hunk: verdict for verdict in self.verdicts}
        meant = [name for name in names if name in known]
        accepts = kind == "accept"
        added = needed(self.hunks, meant) if accepts else stranded(self.hunks, meant, self.verdicts)
        added = [name for name in added if name not in now or now[name].verdict != kind]

        def edited(name: str) -> tuple[str, ...] | None:
            return now[name].edited if name in now and kind == "accept" else None

        changed = self._with(
            HunkVerdict(name, kind, reason, comment, edited(name)) for name in (*meant, *added)
        )
        title = f"{_PAST[kind]} {_count(len(meant))}"
        note = ""
        if added and kind == "accept":
            note = f"Accepted {_count(len(added))} more that this one depends on."
        elif added:
            note = f"{_PAST[kind]} {_count(len(added))} more that cannot stand without this one."
        return self._after(title, changed, note)

    def settle(self, verdict: HunkVerdict) -> Choices:
        """Say of a hunk what counts, knowing what others said of it (``verdict.seen``)."""
        kind = verdict.verdict
        decided = self.set([verdict.hunk], kind, verdict.reason, verdict.comment)
        changed = _merged(self.hunks, decided.verdicts, [verdict])
        return self._after(f"Settled 1 hunk: {_PAST[kind].lower()}", changed, decided.note)

    def edit(self, name: str, lines: tuple[str, ...]) -> Choices:
        """Accept a hunk with a person's lines instead of the engine's; its own lines undo it."""
        hunk = next(hunk for hunk in self.hunks if hunk.id == name)
        edited = None if lines == hunk.new_lines else lines
        before = self.of(name)
        verdict = HunkVerdict(name, "accept", "", before.comment if before else "", edited)
        taken = self._with((verdict,))
        more = [one for one in needed(self.hunks, [name]) if self.kind(one) != "accept"]
        changed = _merged(self.hunks, taken, [HunkVerdict(one, "accept") for one in more])
        note = f"Accepted {_count(len(more))} more that this one depends on." if more else ""
        return self._after("Edited 1 hunk", changed, note)

    def undo(self) -> Choices:
        """Take the last act back."""
        if not self.acts:
            return self
        last = self.acts[-1]
        before = replace(
            self, verdicts=last.before, acts=self.acts[:-1], note=f"Undone: {last.title}."
        )
        if last.hunks is None:
            return before
        return replace(before, hunks=last.hunks, splits=last.splits)

    def divided(self, title: str, hunks: tuple[Hunk, ...], splits: tuple[Split, ...]) -> Choices:
        """Split or join hunks: what was said of a hunk is said of its parts."""
        act = Act(title, self.verdicts, self.hunks, self.splits)
        verdicts = carried(self.verdicts, self.hunks, hunks)
        return Choices(hunks, verdicts, (*self.acts, act), f"{title}. U takes it back.", splits)

    def _with(self, verdicts: Iterable[HunkVerdict]) -> tuple[HunkVerdict, ...]:
        return _merged(self.hunks, self.verdicts, verdicts)

    def _after(self, title: str, verdicts: tuple[HunkVerdict, ...], note: str) -> Choices:
        if verdicts == self.verdicts:
            return replace(self, note="")
        act = Act(title, self.verdicts)
        return replace(self, verdicts=verdicts, acts=(*self.acts, act), note=note)


def _merged(
    hunks: Sequence[Hunk], old: Iterable[HunkVerdict], new: Iterable[HunkVerdict]
) -> tuple[HunkVerdict, ...]:
    by_name: Mapping[str, HunkVerdict] = {one.hunk: one for one in (*old, *new)}
    names = [hunk.id for hunk in hunks] or [WHOLE]
    return tuple(by_name[name] for name in names if name in by_name)


def _count(number: int) -> str:
    return "1 hunk" if number == 1 else f"{number} hunks"
