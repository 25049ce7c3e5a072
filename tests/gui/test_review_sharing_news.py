"""What a sync brings is on the screen at once, and nothing a stranger wrote hides anything."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.test_review_sharing import (
    Start,
    done,
    on_desk,
    page_of,
    people,  # noqa: F401 - a fixture
    start,  # noqa: F401 - a fixture
)
from tests.unit.review.build import LATER, git
from tests.unit.review.test_queue_words import of_all
from tests.unit.review.two_people import BEN, Person, commit
from workbench.gui.review.panel import ReviewPanel
from workbench.review.applying.apply import apply_decision
from workbench.review.comments import anchor_at, begun, file_sides, keep_record

HIDDEN = "Fine \N{RIGHT-TO-LEFT OVERRIDE}live\x1b[31m"


def shown(panel: ReviewPanel) -> str:
    """Return the lines of the diff with what is said below them."""
    return "\n".join(line.text for line in panel.desk.view.diff.lines)


@pytest.fixture
def at_desk(
    start: Start,  # noqa: F811 - the fixture
    people: tuple[Person, Person],  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> ReviewPanel:
    """A proposal both have, on Ann's desk."""
    ann, ben = people
    ann.propose()
    ann.share()
    ben.share()
    ann.sync(["p1"])
    ben.sync()
    panel = start()
    panel.desk.run("sharing")
    page_of(panel, qtbot).proposal_wanted.emit("p1")
    on_desk(panel, "p1", qtbot)
    return panel


def test_words_of_others_are_on_the_open_desk_after_a_sync(
    at_desk: ReviewPanel,
    people: tuple[Person, Person],  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    _, ben = people
    anchor = anchor_at(file_sides(ben.review()), "demo/SKILL.md", "new", 7)
    now = "2026-03-01T10:05:00.000000+00:00"
    keep_record(ben.store, "p1", begun(anchor, "Why better?", author=BEN, now=now))
    ben.store.add_test(of_all(ben))
    ben.sync()
    assert "Why better?" not in shown(at_desk)
    page = page_of(at_desk, qtbot)
    page.sync()
    done(page, "1 comment of others, 1 test of others", qtbot)
    page.left.emit()
    qtbot.waitUntil(lambda: "Why better?" in shown(at_desk), timeout=20_000)
    told = "Ben Brown says tasks found 2 hunks supported on their machine"
    qtbot.waitUntil(
        lambda: told in at_desk.desk.view.notices().get("reviewers", ""), timeout=20_000
    )


def test_verdicts_of_others_are_on_the_open_desk_with_their_words(
    at_desk: ReviewPanel,
    people: tuple[Person, Person],  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    _, ben = people
    anchor = anchor_at(file_sides(ben.review()), "demo/SKILL.md", "new", 7)
    now = "2026-03-01T10:05:00.000000+00:00"
    keep_record(ben.store, "p1", begun(anchor, "Why better?", author=BEN, now=now))
    ben.decide("reject", "accept", minute=6)
    ben.sync()
    page = page_of(at_desk, qtbot)
    page.sync()
    done(page, "1 decision taken in", qtbot)
    page.left.emit()
    choices = at_desk.desk.choices

    def kinds() -> list[str]:
        found = [choices.of(hunk.id) for hunk in choices.hunks]
        return [one.verdict if one is not None else "" for one in found]

    qtbot.waitUntil(lambda: kinds() == ["reject", "accept"], timeout=20_000)
    qtbot.waitUntil(lambda: "Why better?" in shown(at_desk), timeout=20_000)


def test_nothing_that_came_in_hides_what_it_says(
    start: Start,  # noqa: F811 - the fixture
    people: tuple[Person, Person],  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    _, ben = people
    (ben.library / "demo/more.md").write_text("more\n")
    commit(ben, HIDDEN)
    git(ben.root, "push", "--quiet")
    page = page_of(start(), qtbot)
    assert page.incoming.nothing.button.text() == "Fetch"
    page.incoming.nothing.button.click()
    done(page, "1 to come in.", qtbot)
    everything = [page.incoming.text.toPlainText(), page.incoming.list.currentIndex().data()]
    for text in everything:
        assert "[U+202E]live[U+001B]" in text
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert page.outgoing.nothing.isVisibleTo(page.outgoing)
    assert not page.join_button.isVisibleTo(page)


def test_what_ann_approved_and_ben_applied_comes_in_by_one_button(
    at_desk: ReviewPanel,
    people: tuple[Person, Person],  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    ann, ben = people
    ann.decide("accept", "accept", minute=1)
    page = page_of(at_desk, qtbot)
    page.sync()
    done(page, "Synced", qtbot)
    ben.sync()
    apply_decision(ben.store, ben.history, "p1", now=LATER)
    git(ben.root, "push", "--quiet")
    ben.sync()
    page.fetch()
    done(page, "Fetched", qtbot)
    assert "It applies exactly what you approved" in page.incoming.text.toPlainText()
    assert not page.review_button.isEnabled()
    page.forward_button.click()
    done(page, "The branch has the remote's own commits now", qtbot)
    assert (ann.library / "demo/SKILL.md").read_bytes() == (
        ben.library / "demo/SKILL.md"
    ).read_bytes()
