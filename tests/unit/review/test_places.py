"""A line of the checked text leads to the hunk that makes it, whatever else is accepted."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.review.build import SKILL, Bench, edited, make_library
from workbench.domain.proposal import Change, HunkVerdict
from workbench.review.history.places import hunk_of_base, place_of

NEW = (
    SKILL.decode()
    .replace("First line.", "Very first line.\nAnd a second.")
    .replace("2. Two\n", "")
    .replace("Last line.", "Last line.\n\nThe end.")
)


def bench(folder: Path) -> Bench:
    library = make_library(folder / "lib", {"demo/SKILL.md": SKILL}, repository=False)
    return Bench(
        folder, library, [edited("demo/SKILL.md", NEW), edited("demo/new.md", "a\nb\n", "c2")]
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sets(st.integers(0, 3)), edit=st.booleans())
def test_every_new_line_leads_to_its_own_hunk(
    tmp_path_factory, chosen: set[int], edit: bool
) -> None:
    review = bench(tmp_path_factory.mktemp("places")).review
    assert len(review.hunks) == 4
    verdicts = [
        HunkVerdict(hunk.id, "accept", edited=("One.\n", "Two.\n", "Three.\n") if edit else None)
        for at, hunk in enumerate(review.hunks)
        if at in chosen and not (edit and hunk.kind not in ("text", "create"))
    ]
    base = SKILL.decode().splitlines()
    for file in review.result(verdicts).files:
        for number, line in enumerate((file.data or b"").decode().splitlines(), 1):
            found = place_of(review.hunks, verdicts, file.path, number)
            if found.hunk is None:
                assert base[found.base_line - 1] == line
                continue
            hunk = review.hunks[found.hunk]
            verdict = next(one for one in verdicts if one.hunk == hunk.id)
            lines = hunk.new_lines if verdict.edited is None else verdict.edited
            assert f"{line}\n" in lines


def test_a_line_of_the_base_leads_to_the_hunk_that_changes_it(tmp_path: Path) -> None:
    review = bench(tmp_path).review
    paths = [(hunk.path, hunk.base_start) for hunk in review.hunks]
    for at, (path, start) in enumerate(paths):
        if path == "demo/SKILL.md":
            assert hunk_of_base(review.hunks, path, start) == at
    assert hunk_of_base(review.hunks, "demo/SKILL.md", 2) is None


def test_a_file_as_a_whole_leads_to_its_first_accepted_hunk(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL, "demo/g.md": b"# G\n"})
    review = Bench(tmp_path, library, [Change("c1", "demo/g.md", "delete")]).review
    verdicts = [HunkVerdict(review.hunks[0].id, "accept")]
    assert place_of(review.hunks, verdicts, "demo/g.md", 0).hunk == 0
    assert place_of(review.hunks, [], "demo/g.md", 0).hunk is None
