"""``proposals split``, ``comment`` and ``comments``: hunks in parts, and what is said of lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    one_line,
    print_json,
)
from workbench.cli.proposals_output import hunk_document
from workbench.domain.comment import CommentRecord, Side
from workbench.domain.proposal import Hunk
from workbench.domain.text import counted
from workbench.review.comments import (
    PlacedThread,
    anchor_at,
    begun,
    deleted,
    file_sides,
    find_thread,
    keep_record,
    replied,
    resolved,
    rewritten,
    said_of,
)
from workbench.review.cutting import Cutting, cut_before, suggested_cuts
from workbench.review.decide import decide, pick, record
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.session import Review
from workbench.review.splits import Cut, carried, with_split, without_split

Act = Callable[[Review, argparse.Namespace, str], int]

_CHANGES = ("reply", "rewrite", "delete", "resolve")


def add_line_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of all three; ``more`` follows the id of the proposal."""
    parser.add_argument(
        "more",
        nargs="*",
        metavar="MORE",
        help="split: HUNK; comment: PATH:LINE TEXT, or TEXT with --reply or --rewrite",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--at",
        nargs="+",
        metavar="LINE",
        help="split: new lines that begin a part, or OLD:NEW lines",
    )
    where.add_argument("--by", choices=("paragraphs", "lines"), help="split: where by itself")
    where.add_argument("--join", action="store_true", help="split: make the hunk whole again")
    parser.add_argument(
        "--side", choices=("new", "old"), default="new", help="comment: the side of the diff"
    )
    which = parser.add_mutually_exclusive_group()
    for name, what in (
        ("reply", "answer in its thread"),
        ("rewrite", "say it otherwise"),
        ("delete", "take it back"),
        ("resolve", "settle its thread, or open it again"),
    ):
        which.add_argument(f"--{name}", metavar="COMMENT", help=f"comment: {what}")


def split(review: Review, arguments: argparse.Namespace, reviewer: str) -> int:
    """Split a hunk, or make it whole again; what was said of it is said of its parts."""
    if len(arguments.more) != 1:
        raise UsageProblem("Name the hunk to split: proposals split ID HUNK --at LINE…")
    (hunk,) = pick(review, arguments.more)
    if arguments.join:
        splits = without_split(review.hunks, review.splits, hunk.id)
    else:
        splits = with_split(review.hunks, review.splits, hunk.id, _cuts(hunk, arguments))
    after = review.with_splits(splits)
    said = in_force(review.standing, reviewer)
    verdicts = carried(said, review.hunks, after.hunks)
    record(after, decide(after, verdicts, reviewer=reviewer, now=_now()))
    kinds = {one.hunk: one for one in verdicts}
    if arguments.format == "json":
        hunks = [
            hunk_document(number, one, kinds.get(one.id))
            for number, one in enumerate(after.hunks, 1)
        ]
        print_json(document("proposal-split", id=review.proposal.id, splits=splits, hunks=hunks))
        return 0
    whole = hunk.part_of or hunk.id
    for number, one in enumerate(after.hunks, 1):
        if whole in (one.id, one.part_of):
            _print_part(number, one, after.hunks)
    return 0


def comment(review: Review, arguments: argparse.Namespace, reviewer: str) -> int:
    """Say something of a line, answer, change, take back or settle what was said."""
    made = _record(review, arguments, reviewer)
    made = keep_record(review.store, review.proposal.id, made)
    found = [one for one in _placed(review) if one.thread.id == made.thread]
    _show(review, found, as_json=arguments.format == "json")
    if not found and arguments.format != "json":
        print("taken back")
    return 0


def comments(review: Review, arguments: argparse.Namespace, reviewer: str) -> int:
    """List what was said, thread by thread, with the lines it is about."""
    found = _placed(review)
    _show(review, found, as_json=arguments.format == "json")
    if not found and arguments.format != "json":
        print('Nothing was said of its lines. proposals comment ID PATH:LINE "TEXT" does.')
    return 0


OF_LINES: dict[str, Act] = {"split": split, "comment": comment, "comments": comments}


def _cuts(hunk: Hunk, arguments: argparse.Namespace) -> Sequence[Cut]:
    if arguments.at:
        return [_cut(hunk, text) for text in arguments.at]
    how: Cutting = arguments.by or "paragraphs"
    found = suggested_cuts(hunk, how)
    if not found:
        raise ReviewProblem(
            f"Hunk {hunk.id} is one of its {how} already. Name lines to cut before with --at, or "
            "use --by lines."
        )
    return found


def _cut(hunk: Hunk, text: str) -> Cut:
    old, colon, new = text.rpartition(":")
    if not new.isdecimal() or (colon and not old.isdecimal()):
        raise UsageProblem(f"'{text}' is no line. Give a number, or OLD:NEW for both sides.")
    if colon:
        return int(old) - hunk.base_start, int(new) - hunk.new_start
    return cut_before(hunk, "new" if hunk.new_lines else "old", int(new))


def _print_part(number: int, hunk: Hunk, hunks: Sequence[Hunk]) -> None:
    ordinals = {one.id: place for place, one in enumerate(hunks, 1)}
    print(f"[{number}] {coloured(hunk.id, 'bold')} {one_line(hunk.header)}")
    for line in (*(f"-{one}" for one in hunk.base_lines), *(f"+{one}" for one in hunk.new_lines)):
        text = for_terminal(line.rstrip("\r\n"))
        print(coloured(text, "red" if text.startswith("-") else "green"))
    needed = [str(ordinals[name]) for name in hunk.depends_on if name in ordinals]
    if needed:
        print(f"    needs {', '.join(needed)}")


def _record(review: Review, arguments: argparse.Namespace, reviewer: str) -> CommentRecord:
    more: list[str] = arguments.more
    name, act = next(
        ((given, one) for one in _CHANGES if (given := getattr(arguments, one))), ("", "begin")
    )
    wanted = {"begin": 2, "reply": 1, "rewrite": 1}.get(act, 0)
    if len(more) != wanted:
        raise UsageProblem(
            "Say it so: proposals comment ID PATH:LINE TEXT; or TEXT alone with --reply or "
            "--rewrite COMMENT, and nothing with --delete or --resolve COMMENT."
        )
    if act == "begin":
        path, _, line = more[0].rpartition(":")
        if not path or not line.isdecimal():
            raise UsageProblem(f"'{more[0]}' is no line of a file. Give PATH:LINE.")
        side: Side = arguments.side
        anchor = anchor_at(file_sides(review), path, side, int(line))
        return begun(anchor, more[1], author=reviewer, now=_now())
    thread, said = find_thread([one.thread for one in _placed(review)], name)
    if act == "reply":
        return replied(thread, more[0], author=reviewer, now=_now())
    if act == "rewrite":
        return rewritten(thread, said, more[0], author=reviewer, now=_now())
    if act == "delete":
        return deleted(thread, said, author=reviewer, now=_now())
    return resolved(thread, author=reviewer, now=_now())


def _placed(review: Review) -> tuple[PlacedThread, ...]:
    decision = review.decision
    edited = {one.hunk: one.edited for one in decision.verdicts} if decision else {}
    return said_of(review, edited.get)


def _show(review: Review, found: Sequence[PlacedThread], *, as_json: bool) -> None:
    if as_json:
        threads = [_thread(one) for one in found]
        print_json(document("comments", id=review.proposal.id, threads=threads))
        return
    ordinals = {hunk.id: number for number, hunk in enumerate(review.hunks, 1)}
    for one in found:
        anchor = one.thread.anchor
        place = f"{anchor.path}:{one.line or anchor.line}"
        words = [
            "before the change" if anchor.side == "old" else "",
            f"hunk {ordinals[one.hunk]}" if one.hunk in ordinals else "",
            "outdated" if one.outdated else "",
            f"resolved by {one.thread.resolved_by}" if one.thread.resolved else "",
        ]
        print(one_line(f"{place}  {', '.join(word for word in words if word)}"))
        print(coloured(one_line(f"    {anchor.text}"), "dim"))
        said = [one for one in one.thread.comments if not one.deleted]
        for each in said:
            print(
                f"  {each.id[:8]}  {coloured(one_line(each.author), 'bold')}  {each.created[:16]}"
            )
            for line in each.text.splitlines():
                print(f"    {for_terminal(line)}")
    if found:
        print(counted(len(found), "thread"))


def _thread(one: PlacedThread) -> dict[str, Any]:
    anchor = one.thread.anchor
    return {
        "id": one.thread.id,
        "path": anchor.path,
        "side": anchor.side,
        "line": one.line or anchor.line,
        "text": anchor.text,
        "outdated": one.outdated,
        "resolved_by": one.thread.resolved_by,
        "hunk": one.hunk,
        "comments": [each for each in one.thread.comments if not each.deleted],
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
