"""Where a person is about to cut a hunk. No Qt."""

from __future__ import annotations

import itertools

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.comment import Side
from workbench.domain.proposal import Hunk
from workbench.review.cutting import Cutting, cut_before, suggested_cuts
from workbench.review.plan import ReviewProblem
from workbench.review.splits import Cut, why_not


class Cuts(Struct, frozen=True):
    """Cuts of a hunk so far. Every change gives a new value; ``note`` says why nothing changed.

    ``last`` is the cut that was set last and ``side`` the one it was set on: its place on the other
    side can be moved.
    """

    hunk: Hunk
    at: tuple[Cut, ...] = ()
    last: Cut | None = None
    side: Side = "new"
    note: str = ""

    def suggested(self, how: Cutting) -> Cuts:
        """Cut where paragraphs or lines end."""
        found = suggested_cuts(self.hunk, how)
        note = "" if found else f"This hunk is one of its {how} already."
        return replace(self, at=found or self.at, last=None, note=note)

    def none(self) -> Cuts:
        """Take all cuts away."""
        return Cuts(self.hunk)

    def toggled(self, side: Side, number: int) -> Cuts:
        """Cut before a line of the file, or take that cut away."""
        here = self.of_line(side, number)
        if here is not None:
            left = tuple(one for one in self.at if one != here)
            return replace(self, at=left, last=None, note="")
        try:
            cut = cut_before(self.hunk, side, number)
        except ReviewProblem:
            return replace(self, note="A part begins here already: this is the first line.")
        return self._with(self._between(cut, side), side)

    def moved(self, by: int) -> Cuts:
        """Move the cut set last by so many lines on the side it was not set on."""
        if self.last is None:
            return replace(self, note="Set a cut first; then its other side can be moved.")
        i, j = self.last
        cut = (i, j + by) if self.side == "old" else (i + by, j)
        rest = tuple(one for one in self.at if one != self.last)
        made = tuple(sorted({*rest, cut}))
        if cut in rest or why_not(self.hunk, made) is not None:
            return replace(self, note="It cannot be moved further: cuts do not cross.")
        return replace(self, at=made, last=cut, note="")

    def of_line(self, side: Side, number: int) -> Cut | None:
        """Return the cut of the part that begins with a line of a side, None where none does."""
        return next((self.at[at] for at, *place in self._begins() if place == [side, number]), None)

    def parts(self) -> dict[tuple[Side, int], int]:
        """Return which part, counted from 2, begins with which line of which side."""
        return {(side, number): at + 2 for at, side, number in self._begins()}

    def _begins(self) -> list[tuple[int, Side, int]]:
        hunk = self.hunk
        ends = (len(hunk.base_lines), len(hunk.new_lines))
        found: list[tuple[int, Side, int]] = []
        for at, (start, end) in enumerate(itertools.pairwise((*self.at, ends))):
            if end[0] > start[0]:
                found.append((at, "old", hunk.base_start + start[0]))
            if end[1] > start[1]:
                found.append((at, "new", hunk.new_start + start[1]))
        return found

    def _between(self, cut: Cut, side: Side) -> Cut:
        """Keep the other side of a cut between those of its neighbours."""
        own, other = (0, 1) if side == "old" else (1, 0)
        low = max((one[other] for one in self.at if one[own] <= cut[own]), default=0)
        top = (len(self.hunk.base_lines), len(self.hunk.new_lines))[other]
        high = min((one[other] for one in self.at if one[own] > cut[own]), default=top)
        kept = min(max(cut[other], low), high)
        return (cut[0], kept) if side == "old" else (kept, cut[1])

    def _with(self, cut: Cut, side: Side) -> Cuts:
        made = tuple(sorted({*self.at, cut}))
        if cut in self.at:
            return replace(self, note="A part begins here already.")
        if (problem := why_not(self.hunk, made)) is not None:
            return replace(self, note=f"This cannot be cut: {problem}")
        return replace(self, at=made, last=cut, side=side, note="")
