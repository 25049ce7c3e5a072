"""Lines of a diff: moved text, whitespace, front matter by key, files without lines."""

from __future__ import annotations

from msgspec.structs import replace

from tests.gui.test_review_text import shown
from workbench.domain.proposal import BaseFile, Change, Engine, Hunk, Proposal, ProposalDraft
from workbench.files import sha256
from workbench.gui.review.diff.emphasis import shown as shown_line
from workbench.gui.review.diff.layout import side_by_side
from workbench.gui.review.diff.line import DiffLine, DiffOptions
from workbench.gui.review.diff.lines import diff_lines, is_long
from workbench.gui.review.diff.speech import as_text, spoken
from workbench.review.file_facts import file_facts, type_of
from workbench.review.hunks import hunks_of

HEAD = "---\nname: demo\ndescription: Shows things.\n---\n"


class Proposed:
    """A proposal on files; each has its bytes before and after, None where it is not there."""

    def __init__(self, files: dict[str, tuple[bytes | None, bytes | None]]) -> None:
        self.blobs = {sha256(after): after for _, after in files.values() if after is not None}
        self.files = files
        changes = tuple(
            Change(f"c{at}", path, "delete")
            if after is None
            else Change(f"c{at}", path, "write", blob=sha256(after))
            for at, (path, (_, after)) in enumerate(files.items())
        )
        base = tuple(
            BaseFile(path, None if before is None else sha256(before), "100644")
            for path, (before, _) in files.items()
        )
        draft = ProposalDraft("edit", "t", "r", changes)
        self.proposal = Proposal("p", Engine("e", "1"), "/nowhere", base, draft, (), "2026-01-01")
        self.hunks: tuple[Hunk, ...] = hunks_of(self.proposal, self.read_base, self.read_blob)

    def read_base(self, path: str) -> bytes | None:
        return self.files.get(path, (None, None))[0]

    def read_blob(self, digest: str) -> bytes:
        return self.blobs[digest]

    def lines(self, **options: bool) -> tuple[DiffLine, ...]:
        facts = file_facts(self.hunks, self.proposal, self.read_base, self.read_blob)
        return diff_lines(
            self.hunks, lambda _hunk: None, self.read_base, DiffOptions(**options), facts
        )


def lines_for(before: str, after: str, **options: bool) -> tuple[DiffLine, ...]:
    return Proposed({"s/SKILL.md": (before.encode(), after.encode())}).lines(**options)


def changed(lines: tuple[DiffLine, ...]) -> list[str]:
    """Return what goes, comes and is said, without heads and context."""
    wanted = [one for one in lines if one.kind not in ("file", "hunk", "context", "key", "move")]
    return shown(tuple(wanted))


# Moved text

PARAGRAPH = "Read the header first, then decide which columns are needed.\n"
BETWEEN = "".join(f"Line {number} stays.\n" for number in range(20))


def test_a_moved_block_is_bound_to_its_other_end() -> None:
    lines = lines_for(PARAGRAPH + BETWEEN, BETWEEN + PARAGRAPH)
    gone = next(at for at, line in enumerate(lines) if line.kind == "remove")
    come = next(at for at, line in enumerate(lines) if line.kind == "add")
    assert (lines[gone].twin, lines[come].twin) == (come, gone)
    assert lines[gone].words == lines[come].words == ()
    assert [(line.text, line.twin) for line in lines if line.kind == "move"] == [
        ("1 line moved to line 21", come - 1),
        ("1 line moved from line 1", gone - 1),
    ]


def test_of_a_moved_and_edited_block_only_the_edit_is_marked() -> None:
    edited = PARAGRAPH.replace("columns", "rows")
    lines = lines_for(PARAGRAPH + BETWEEN, BETWEEN + edited)
    words = [line.text[slice(*line.words[0])] for line in lines if line.twin >= 0 and line.words]
    assert words == ["columns", "rows"]
    notes = [line.text for line in lines if line.kind == "move"]
    assert notes == ["1 line moved to line 21 and edited", "1 line moved from line 1 and edited"]


def test_text_that_moves_to_another_file_names_it() -> None:
    before = (f"# A\n\n{PARAGRAPH}".encode(), b"# A\n\n")
    after = (b"# B\n", f"# B\n\n{PARAGRAPH}".encode())
    lines = Proposed({"s/SKILL.md": before, "s/more.md": after}).lines()
    notes = [line.text for line in lines if line.kind == "move"]
    assert notes == ["1 line moved to s/more.md, line 3", "1 line moved from s/SKILL.md, line 3"]


# Whitespace


def test_a_hunk_of_blanks_alone_says_so_and_can_be_hidden() -> None:
    before, after = "a b\n", "a  b\n"
    lines = lines_for(before, after)
    assert lines[1].text == "Line 1 · only whitespace"
    assert changed(lines) == ["-a b", "+a  b"]
    (said,) = changed(lines_for(before, after, hide_blanks=True))
    assert said.startswith("! Only whitespace changes here")


def test_among_other_changes_a_line_with_other_blanks_becomes_context() -> None:
    before, after = "one\ntwo words\nthree\n", "uno\n  two words\ntres\n"
    assert changed(lines_for(before, after)) == [
        "-one", "-two words", "-three", "+uno", "+  two words", "+tres",
    ]  # fmt: skip
    lines = lines_for(before, after, hide_blanks=True)
    assert shown(lines[2:]) == ["-one", "+uno", "   two words", "-three", "+tres"]
    assert [(line.old, line.new) for line in lines if line.kind == "context"] == [(2, 2)]


def test_other_line_ends_are_written_behind_each_line() -> None:
    lines = lines_for("a\nb\n", "a\r\nb\r\n")
    assert lines[1].text == "Lines 1–2 · only line ends: LF to CRLF"
    ends = [line.signs.strip() for line in lines if line.kind in ("remove", "add")]
    assert ends == ["LF", "LF", "CRLF", "CRLF"]
    last = lines_for("a\nb\n", "a\nb")
    assert last[1].text == "Line 2 · only line ends: LF to no line end"
    assert [line.signs.strip() for line in last if line.kind == "add"] == ["no line end"]


def test_tabs_and_blanks_at_the_end_have_signs() -> None:
    assert shown_line("a\tb  \n") == ("a   b  ", " →   ··")
    assert shown_line("a b\n") == ("a b", "")
    assert shown_line("a b\u00a0c\n", every=True) == ("a b\u00a0c", " · °")
    assert shown_line("a  \n", trailing=False) == ("a  ", "")


def test_a_long_line_of_tabs_takes_no_longer_than_it_is() -> None:
    text, signs = shown_line("\tx" * 200_000)
    assert len(text) == 200_000 * 4 + 1
    assert signs.count("→") == 200_000


# Front matter


def test_front_matter_is_shown_by_key_with_the_words_that_changed() -> None:
    after = HEAD.replace("Shows things.", "Shows many things.").replace(
        "---\nname", "---\nx: 1\nname"
    )
    lines = lines_for(HEAD, after)
    keys = [(line.text, line.state) for line in lines if line.kind == "key"]
    assert keys == [("x", "added"), ("description", "changed")]
    (come,) = [line for line in lines if line.kind == "add" and line.words]
    assert [come.text[slice(*span)] for span in come.words] == ["many"]
    values = [(line.kind, line.old, line.new) for line in lines if line.state == "value"]
    assert values == [("add", 0, 2), ("remove", 3, 0), ("add", 0, 4)]
    raw = lines_for(HEAD, after, by_key=False)
    assert not [line for line in raw if line.kind == "key"]
    assert "+description: Shows many things." in shown(raw)


def test_what_stands_below_the_front_matter_stays_lines() -> None:
    lines = lines_for(
        HEAD + "Body.\n", HEAD.replace("Shows things.\n---\n", "Shows all.\n---\nNew.")
    )
    kinds = [line.kind for line in lines if line.kind in ("key", "add", "remove")]
    assert kinds[0] == "key"
    assert any(line.kind == "add" and line.text == "New." and line.new == 5 for line in lines)


def test_front_matter_that_cannot_be_read_is_shown_as_lines() -> None:
    lines = lines_for(HEAD, HEAD.replace("name: demo", "name: [demo"))
    assert changed(lines) == ["-name: demo", "+name: [demo"]


def test_a_comment_alone_is_told_and_shown_as_lines() -> None:
    lines = lines_for(HEAD, HEAD.replace("name: demo\n", "# who\nname: demo\n"))
    said, line = changed(lines)
    assert said.startswith("! No key and no value changes")
    assert line == "+# who"


# Files without lines


def test_a_binary_file_tells_type_size_and_hash_of_both_sides() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (120).to_bytes(4, "big") + (80).to_bytes(4, "big")
    larger = png + b"\0more"
    lines = Proposed({"s/a.png": (png, larger)}).lines()
    assert changed(lines) == [
        f"-PNG picture · 120 × 80 pixels · {len(png)} bytes",
        f"-SHA-256 {sha256(png)}",
        f"+PNG picture · 120 × 80 pixels · {len(larger)} bytes",
        f"+SHA-256 {sha256(larger)}",
    ]
    assert type_of(b"\x7fELF\0") == "program for Linux (ELF)"
    assert type_of(b"\0\1") == "binary file"


def test_a_deleted_binary_file_has_one_side() -> None:
    lines = Proposed({"s/a.bin": (b"\0\1\2", None)}).lines()
    assert changed(lines)[0] == "-binary file (.bin) · 3 bytes"
    assert not [line for line in lines if line.kind == "add"]


# Both columns, speech, length


def test_in_two_columns_what_became_what_stands_on_one_row() -> None:
    lines = lines_for("keep the original\nand more\n", "new\nkeep the originals\nand more\n")
    rows = side_by_side(lines, 60).finish().rows
    texts = [
        tuple(
            lines[cell.line].text if cell and cell.line >= 0 else ""
            for cell in (row.left, row.right)
        )
        for row in rows
        if row.right is not None
    ]
    assert texts[:3] == [
        ("", "new"),
        ("keep the original", "keep the originals"),
        ("and more",) * 2,
    ]


def test_a_hunk_is_read_out_in_words_and_copied_with_signs() -> None:
    lines = lines_for("one word\nb\n", "two words\r\nb\n")
    said = spoken([line for line in lines if line.hunk == 0])
    assert "Removed: one word (LF)" in said
    assert "Added: two words (CRLF)" in said
    assert as_text(lines) == "-one word\n+two words\n b\n"


def test_a_long_hunk_is_read_out_to_a_point() -> None:
    line = DiffLine("add", "x" * 100, 0)
    said = spoken([line] * 5000)
    assert said.endswith("And 4,979 lines more.")
    assert len(said) < 3000


def test_a_long_diff_is_first_made_without_what_takes_time() -> None:
    before = "".join(f"line {number} of many\n" for number in range(1000))
    proposed = Proposed({"s/a.txt": (before.encode(), before.replace("many", "all").encode())})
    assert is_long(proposed.hunks, lambda _hunk: None)
    quick, whole = proposed.lines(quick=True), proposed.lines()
    assert [line.text for line in quick] == [line.text for line in whole]
    assert not any(line.words for line in quick)
    assert sum(bool(line.words) for line in whole) == 2000
    assert [replace(line, words=(), pair=0) for line in whole] == list(quick)


def with_reason(rationale: str) -> Proposed:
    made = Proposed({"s/SKILL.md": (b"one\ntwo\n", b"uno\ntwo\n")})
    changes = tuple(replace(one, rationale=rationale) for one in made.proposal.draft.changes)
    made.proposal = replace(made.proposal, draft=replace(made.proposal.draft, changes=changes))
    made.hunks = hunks_of(made.proposal, made.read_base, made.read_blob)
    return made


def test_the_reason_for_a_hunk_stands_below_its_head_and_takes_the_whole_width() -> None:
    lines = with_reason("The run\nfailed at \u202estep 7. " + "x" * 400).lines()
    at = next(number for number, one in enumerate(lines) if one.kind == "hunk")
    why = lines[at + 1]
    assert (why.kind, why.state) == ("note", "why")
    assert why.text.startswith("The run failed at [U+202E]step 7.")
    assert len(why.text) < 320
    assert why.text in spoken(lines)
    rows = [row for row in side_by_side(lines, 60).finish().rows if row.left is not None]
    own = [row for row in rows if row.left is not None and row.left.line == at + 1]
    assert own
    assert all(row.right is None for row in own)


def test_a_reason_that_the_head_gives_for_the_whole_is_not_said_again() -> None:
    assert not any(one.state == "why" for one in with_reason("r").lines())
    assert not any(one.state == "why" for one in with_reason("").lines())
