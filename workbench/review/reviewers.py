"""What several reviewers say of one proposal: whose word stands, and where they differ.

The rule, used by everything that asks what was decided:

- A reviewer is the address in "Name <mail>", else the whole name; case does not count.
- Of each reviewer the last decision stands, by time; nobody's decision replaces another's.
- On a hunk a verdict is *answered* when another reviewer's standing verdict on it names it in
  ``seen``: that reviewer knew it and said otherwise. An answered verdict counts no more.
- Two verdicts that are not answered differ when one accepts and the other does not, or both accept
  other text. Then a person has to settle it; until then nothing of the proposal is applied. Having
  said nothing of a hunk is no verdict, and to reject and to defer leave the same bytes.

No disk, no clock, no Qt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Decision, Hunk, HunkVerdict
from workbench.domain.reviewer import reviewer_key


class Said(Struct, frozen=True):
    """One reviewer's verdict on a hunk. ``id`` names it in ``seen``; ``time`` is ISO 8601."""

    id: str
    reviewer: str
    time: str
    verdict: HunkVerdict

    @property
    def outcome(self) -> tuple[bool, tuple[str, ...] | None]:
        """What it makes of the hunk: whether it is taken, and with which other text."""
        taken = self.verdict.verdict == "accept"
        return taken, self.verdict.edited if taken else None


class HunkConflict(Struct, frozen=True):
    """A hunk of which reviewers say different things that nobody has settled, oldest first."""

    hunk: str
    said: tuple[Said, ...]


class Standing(Struct, frozen=True):
    """The last decision of each reviewer, oldest first.

    ``parts`` are hunks that somebody split: (part, whole). What another says of the whole is said
    of each part.
    """

    decisions: tuple[Decision, ...]
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def latest(self) -> Decision | None:
        """The newest decision of anyone, None when nobody decided."""
        return self.decisions[-1] if self.decisions else None

    def of(self, reviewer: str) -> Decision | None:
        """Return the last decision of one reviewer."""
        key = reviewer_key(reviewer)
        return next((one for one in self.decisions if reviewer_key(one.reviewer) == key), None)

    def approving(self, content_hash: str) -> tuple[Decision, ...]:
        """Return the decisions, each of another person, that are bound to exactly that content."""
        return tuple(one for one in self.decisions if one.content_hash == content_hash)

    def said(self, hunk: str) -> tuple[Said, ...]:
        """Return what each reviewer says of a hunk, oldest first, answered or not."""
        whole = dict(self.parts).get(hunk)
        found: list[Said] = []
        for decision in self.decisions:
            own = [one for one in decision.verdicts if one.hunk == hunk]
            if not own and whole is not None:
                own = [replace(one, hunk=hunk) for one in decision.verdicts if one.hunk == whole]
            if own:
                name = said_id(decision.reviewer, own[-1])
                found.append(Said(name, decision.reviewer, decision.time, own[-1]))
        return tuple(found)

    def counting(self, hunk: str) -> tuple[Said, ...]:
        """Return what is said of a hunk and not answered by another reviewer."""
        said = self.said(hunk)
        answered = {
            seen
            for one in said
            for seen in one.verdict.seen
            for other in said
            if other.id == seen and reviewer_key(other.reviewer) != reviewer_key(one.reviewer)
        }
        # Ids are hashes over ``seen``, so verdicts cannot answer each other in a ring.
        return tuple(one for one in said if one.id not in answered)

    @property
    def hunks(self) -> tuple[str, ...]:
        """The hunks that somebody said something of, in the order they are first named.

        Parts stand in place of the hunk that was split.
        """
        parts: dict[str, list[str]] = {}
        for part, whole in self.parts:
            parts.setdefault(whole, []).append(part)
        names = (one.hunk for decision in self.decisions for one in decision.verdicts)
        return tuple(dict.fromkeys(one for name in names for one in parts.get(name, [name])))


def standing(decisions: Iterable[Decision], hunks: Iterable[Hunk] = ()) -> Standing:
    """Return the last decision of each reviewer; of the same time the one that comes last.

    ``hunks`` are those of the proposal as they are split now.
    """
    last: dict[str, Decision] = {}
    for decision in sorted(decisions, key=lambda one: one.time):
        key = reviewer_key(decision.reviewer)
        last.pop(key, None)
        last[key] = decision
    parts = tuple((hunk.id, hunk.part_of) for hunk in hunks if hunk.part_of is not None)
    return Standing(tuple(last.values()), parts)


def said_id(reviewer: str, verdict: HunkVerdict) -> str:
    """Return the id of a verdict: the same while its reviewer says the same of the hunk.

    Reason and comment do not count, nor what was said of other hunks meanwhile.
    """
    edited = [] if verdict.edited is None else [str(len(verdict.edited)), *verdict.edited]
    digest = hashlib.sha256(b"skill-workbench/said/1\n")
    for part in (
        reviewer_key(reviewer),
        verdict.hunk,
        verdict.verdict,
        *edited,
        *sorted(verdict.seen),
    ):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def decision_id(decision: Decision) -> str:
    """Return the id of a decision; the words of comments do not count."""
    digest = hashlib.sha256(b"skill-workbench/decision/1\n")
    said = [said_id(decision.reviewer, verdict) for verdict in decision.verdicts]
    cuts = [f"{split.hunk} {split.at}" for split in decision.splits]
    for part in (
        decision.proposal,
        reviewer_key(decision.reviewer),
        decision.time,
        decision.content_hash,
        decision.policy,
        *said,
        *cuts,
    ):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def conflicts(standing: Standing) -> tuple[HunkConflict, ...]:
    """Return the hunks of which reviewers say different things that nobody has settled."""
    found: list[HunkConflict] = []
    for hunk in standing.hunks:
        counting = standing.counting(hunk)
        if len({one.outcome for one in counting}) > 1:
            found.append(HunkConflict(hunk, counting))
    return tuple(found)


def in_force(standing: Standing, reviewer: str = "") -> tuple[HunkVerdict, ...]:
    """Return the verdict that counts of each hunk, none where reviewers differ.

    ``reviewer`` is who looks: where they differ, what this one said is theirs to keep or change.
    """
    key = reviewer_key(reviewer)
    verdicts: list[HunkVerdict] = []
    for hunk in standing.hunks:
        counting = standing.counting(hunk)
        own = next((one for one in counting if key and reviewer_key(one.reviewer) == key), None)
        if own is not None:
            verdicts.append(own.verdict)
        elif len({one.outcome for one in counting}) == 1:
            verdicts.append(replace(counting[-1].verdict, seen=()))
    return tuple(verdicts)


def settled(
    standing: Standing, reviewer: str, verdicts: Sequence[HunkVerdict], hunks: Iterable[str]
) -> tuple[HunkVerdict, ...]:
    """Return the verdicts as given in the knowledge of what others say of ``hunks``.

    Call this only for hunks of which the person was shown what others said and decided on anew.
    """
    key = reviewer_key(reviewer)
    wanted = set(hunks)
    made: list[HunkVerdict] = []
    for verdict in verdicts:
        if verdict.hunk not in wanted:
            made.append(verdict)
            continue
        others = [one for one in standing.said(verdict.hunk) if reviewer_key(one.reviewer) != key]
        known = {one.id for one in others} | set(verdict.seen)
        made.append(replace(verdict, seen=tuple(sorted(known))))
    return tuple(made)
