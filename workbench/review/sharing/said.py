"""Comments on lines and tests of selections as they leave the machine and come in.

A comment is a record that is written once. What tasks found on another machine is told with the
name of who says so; it never counts as found here.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from workbench.domain.comment import CommentRecord
from workbench.domain.selection_test import SelectionTest
from workbench.review.plan import ReviewProblem, check_path
from workbench.review.sharing.form import (
    Place,
    Shared,
    check_time,
    read_value,
    shared_value,
)

COMMENT: Final = "skill-workbench/shared-comment/1"
TEST: Final = "skill-workbench/shared-test/1"

#: What names something or is a hash; the line a comment is about and its own words are prose.
_OF_COMMENTS: Final = frozenset(
    {"author", "act", "comment", "thread", "side", "line", "content", "before", "after"}
)
_OF_TESTS: Final = frozenset({"by", "scope", "hunks", "tasks_hash", "split"})
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Of a comment so many characters are kept; nobody reads more of one.
_LONGEST: Final = 100_000


class SharedComment(Struct, frozen=True):
    """An act on a comment, with the proposal whose line it is about."""

    proposal: str
    record: CommentRecord


def share_comment(record: CommentRecord, proposal: str, place: Place) -> Shared:
    """Return an act on a comment as it is shared."""
    return shared_value(COMMENT, SharedComment(proposal, record), place, _OF_COMMENTS)


def share_test(test: SelectionTest, place: Place) -> Shared:
    """Return what tasks said of a selection as it is shared."""
    return shared_value(TEST, test, place, _OF_TESTS)


def read_comment(data: bytes, name: str) -> CommentRecord:
    """Return a shared act on a comment of proposal ``name``.

    Raises:
        ReviewProblem: it is none, of another proposal, nobody signed it, or its place is no path.
    """
    shared = read_value(data, COMMENT, SharedComment)
    record = shared.record
    if shared.proposal != name:
        raise ReviewProblem(f"it is of proposal '{shared.proposal[:60]}', not of {name}.")
    if not record.author.strip():
        raise ReviewProblem("nobody signed it.")
    check_time(record.time)
    if not all(_NAME.fullmatch(one) for one in (record.id, record.comment, record.thread)):
        raise ReviewProblem("its ids are no names.")
    if len(record.text) > _LONGEST:
        raise ReviewProblem(f"it has {len(record.text):,} characters, more than {_LONGEST:,}.")
    if record.anchor is not None:
        check_path(record.anchor.path)
    return record


def read_test(data: bytes, name: str) -> SelectionTest:
    """Return what somebody says tasks found of a selection of proposal ``name``.

    Raises:
        ReviewProblem: it is none, of another proposal, or nobody signed it.
    """
    test = read_value(data, TEST, SelectionTest)
    if test.proposal != name:
        raise ReviewProblem(f"it is of proposal '{test.proposal[:60]}', not of {name}.")
    if not test.by.strip():
        raise ReviewProblem("nobody signed it.")
    check_time(test.time)
    return test
