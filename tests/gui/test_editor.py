"""The editor: what was not edited stays as it was, and nobody's change is overwritten."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import SKILL
from workbench.gui.editor.compare import CompareDialog, difference
from workbench.gui.editor.document import FileDocument
from workbench.gui.editor.recovery import RecoveryCopy, RecoveryFolder
from workbench.gui.shell.window import MainWindow

ALPHA = SKILL.format(name="alpha").encode()


def open_file(window: MainWindow, path: Path) -> FileDocument:
    window.context.request_file(path)
    document = window.centre.documents.current()
    assert isinstance(document, FileDocument)
    assert document.path == path
    return document


def type_at_end(document: FileDocument, qtbot: QtBot, text: str) -> None:
    cursor = document.source.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    document.source.setTextCursor(cursor)
    qtbot.keyClicks(document.source, text)


def rewrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    later = path.stat().st_mtime_ns + 5_000_000_000
    os.utime(path, ns=(later, later))


def press(document: FileDocument, banner: str, title: str) -> None:
    shown = document.banner(banner)
    assert shown is not None
    next(button for button in shown.buttons if button.text() == title).click()


def test_a_save_writes_what_was_typed_and_marks_the_tab(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "more")
    tabs = opened.centre.documents
    assert document.dirty
    assert tabs.tabText(0) == "● alpha/SKILL.md"
    assert opened.windowTitle().startswith("● ")
    opened.context.commands.run("file.save")
    assert path.read_bytes() == ALPHA + b"more"
    assert not document.dirty
    assert tabs.tabText(0) == "alpha/SKILL.md"


@pytest.mark.parametrize(
    "data",
    [
        b"---\r\nname: alpha\r\ndescription: d\r\n---\r\nbody\r\n",
        b"\xef\xbb\xbf---\nname: alpha\ndescription: d\n---\nbody\n",
        b"---\nname: alpha\r\ndescription: d\n---\r\nbody",
        "---\nname: alpha\ndescription: d\n---\nno\u00a0break 🙂 \u2028 e\u0301\n".encode(),
        b"---\nname: alpha\ndescription: d\n---\n\x0b\x0c\x1b\x85"[:-1] + "\x85".encode(),
    ],
    ids=["crlf", "bom", "mixed", "spaces", "controls"],
)
def test_lines_that_were_not_edited_keep_their_bytes(
    opened: MainWindow, library: Path, qtbot: QtBot, data: bytes
) -> None:
    path = library / "alpha" / "SKILL.md"
    path.write_bytes(data)
    document = open_file(opened, path)
    assert document.bytes_now() == data
    type_at_end(document, qtbot, "x")
    assert document.save()
    assert path.read_bytes() == data + b"x"
    document.source.undo()
    assert document.save()
    assert path.read_bytes() == data


def test_undo_back_to_the_saved_text_is_clean_again(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    document = open_file(opened, library / "alpha" / "SKILL.md")
    type_at_end(document, qtbot, "z")
    assert document.dirty
    document.source.undo()
    assert not document.dirty


def test_a_file_that_is_not_utf8_is_read_only_and_says_so(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    data = b"---\nname: alpha\n---\ncaf\xe9\n"
    path.write_bytes(data)
    document = open_file(opened, path)
    assert document.source.isReadOnly()
    banner = document.banner("locked")
    assert banner is not None
    assert "not UTF-8" in banner.label.text()
    assert "line 4" in banner.label.text()
    qtbot.keyClicks(document.source, "typed")
    assert document.save()
    assert path.read_bytes() == data


def test_a_full_disk_leaves_the_file_and_the_text(
    opened: MainWindow, library: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "kept")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert not document.save()
    banner = document.banner("save")
    assert banner is not None
    assert "disk is full" in banner.label.text()
    assert path.read_bytes() == ALPHA
    assert document.dirty
    assert [entry.name for entry in path.parent.iterdir()].count("SKILL.md") == 1
    assert not list(path.parent.glob(".*"))
    press(document, "save", "Try again")
    assert path.read_bytes() == ALPHA + b"kept"
    assert document.banner("save") is None


def test_a_save_never_overwrites_another_programs_change(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "mine")
    rewrite(path, ALPHA + b"theirs\n")
    assert not document.save()
    assert path.read_bytes() == ALPHA + b"theirs\n"
    banner = document.banner("outside")
    assert banner is not None
    assert [button.text() for button in banner.buttons] == ["Compare", "Reload", "Keep mine"]


def test_keep_mine_overwrites_what_was_seen_and_nothing_later(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "mine")
    rewrite(path, b"theirs\n")
    document.check_disk()
    press(document, "outside", "Keep mine")
    rewrite(path, b"theirs again\n")
    assert not document.save(), "a later change was overwritten"
    press(document, "outside", "Keep mine")
    assert document.save()
    assert path.read_bytes() == ALPHA + b"mine"


def test_reload_takes_theirs(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "mine")
    rewrite(path, b"theirs\n")
    document.check_disk()
    press(document, "outside", "Reload")
    assert document.source.text() == "theirs\n"
    assert not document.dirty


def test_a_clean_file_follows_the_disk_by_itself(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    qtbot.waitUntil(lambda: opened.watch.ready, timeout=5000)
    rewrite(path, ALPHA + b"from outside\n")
    qtbot.waitUntil(lambda: "from outside" in document.source.text(), timeout=10_000)
    assert document.banner("outside") is None


def test_a_deleted_file_keeps_its_text_and_can_be_saved_again(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "references" / "more.md"
    document = open_file(opened, path)
    path.unlink()
    document.check_disk()
    press(document, "outside", "Keep mine")
    assert document.save()
    assert path.read_bytes() == b"# More\n"


def test_compare_shows_both_sides(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "mine")
    rewrite(path, ALPHA + b"theirs")
    document.check_disk()
    press(document, "outside", "Compare")
    dialog = opened.findChild(CompareDialog)
    assert dialog is not None
    assert "-theirs" in dialog.view.text()
    assert "+mine" in dialog.view.text()
    dialog.accept()


def test_the_difference_of_equal_texts_is_empty() -> None:
    assert difference("a\nb", "a\nb") == []


def test_the_form_edits_one_value_and_no_other_byte(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    data = b"---\r\nname:   alpha  # kept\r\nx: [1,  2]\r\ndescription: old\r\n---\r\nBody\r\n"
    path.write_bytes(data)
    with qtbot.waitSignal(opened.context.diagnostics_changed, timeout=10_000):
        opened.context.workspace.reload()
    document = open_file(opened, path)
    document.show_side("Form")
    assert document.form is not None
    field = document.form.fields["description"]
    qtbot.waitUntil(lambda: field.isEnabled() and field.toPlainText() == "old")
    document.form.edited.emit("description", "new: text")
    assert document.save()
    assert path.read_bytes() == data.replace(b"description: old", b'description: "new: text"') or (
        path.read_bytes() == data.replace(b"description: old", b"description: 'new: text'")
    )
    document.source.undo()
    assert document.save()
    assert path.read_bytes() == data


def test_the_form_follows_the_source(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    document = open_file(opened, library / "alpha" / "SKILL.md")
    document.show_side("Form")
    assert document.form is not None
    name = document.form.fields["name"]
    qtbot.waitUntil(lambda: name.text() == "alpha")
    document.source.replace_text(document.source.text().replace("name: alpha", "name: omega"))
    qtbot.waitUntil(lambda: name.text() == "omega")
    document.discard()


def test_what_was_typed_in_the_form_is_saved_without_leaving_the_field(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    document.show_side("Form")
    assert document.form is not None
    field = document.form.fields["license"]
    qtbot.waitUntil(field.isEnabled)
    field.setFocus()
    qtbot.keyClicks(field, "MIT")
    assert document.save()
    assert b"license: MIT\n" in path.read_bytes()


def test_problems_of_the_text_being_typed_are_marked(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    document = open_file(opened, library / "alpha" / "SKILL.md")
    qtbot.waitUntil(lambda: document.problems.count() == 0)
    document.source.replace_text(document.source.text().replace("more.md", "gone.md"))
    qtbot.waitUntil(lambda: document.problems.count() == 1, timeout=5000)
    assert "gone.md" in document.problems.item(0).text()
    document.problems.itemClicked.emit(document.problems.item(0))
    assert document.caret[0] == 8
    document.discard()


def test_the_preview_fetches_nothing_and_shows_html_as_text(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    picture = library / "alpha" / "x.png"
    picture.write_bytes(b"not read")
    path.write_bytes(ALPHA + b"\n<b>bold</b> ![p](x.png) ![q](http://host.invalid/y.png)\n")
    document = open_file(opened, path)
    document.show_side("Preview")
    assert document.preview is not None
    qtbot.waitUntil(lambda: "alpha" in document.preview.toPlainText())
    assert "<b>bold</b>" in document.preview.toPlainText()
    assert "description:" not in document.preview.toPlainText()
    assert document.preview.loadResource(2, "x.png") is None


def test_a_link_out_of_the_skill_is_told_and_not_followed(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    document = open_file(opened, library / "alpha" / "SKILL.md")
    document.show_side("Preview")
    assert document.preview is not None
    document.preview.link_clicked.emit("../beta/SKILL.md")
    document.preview.link_clicked.emit("https://host.invalid/")
    assert "was not opened" in opened.context.notify.messages[-1].text
    assert opened.centre.documents.count() == 1
    document.preview.link_clicked.emit("references/more.md")
    assert opened.centre.documents.count() == 2


def test_unsaved_text_is_offered_after_a_crash(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    path = library / "alpha" / "SKILL.md"
    document = open_file(opened, path)
    type_at_end(document, qtbot, "unsaved")
    kept = RecoveryFolder(opened.context.folders.state / "recovery")
    qtbot.waitUntil(lambda: kept.find(path) is not None, timeout=5000)
    opened.centre.documents._remove(document)
    again = open_file(opened, path)
    assert again is not document
    press(again, "recovery", "Restore it")
    assert again.source.text().endswith("unsaved")
    assert again.dirty
    assert again.save()
    assert kept.find(path) is None


def test_discarding_drops_the_copy(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    path = library / "alpha" / "SKILL.md"
    kept = RecoveryFolder(opened.context.folders.state / "recovery")
    kept.keep(RecoveryCopy(path, "other", "x"))
    document = open_file(opened, path)
    press(document, "recovery", "Forget it")
    assert kept.find(path) is None


def test_links_and_missing_files_are_not_opened(
    opened: MainWindow, library: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = library / "alpha" / "link.md"
    link.symlink_to(secret)
    opened.context.request_file(link)
    assert "links are never followed" in opened.context.notify.messages[-1].text
    opened.context.request_file(library / "alpha" / "none.md")
    assert "not a file" in opened.context.notify.messages[-1].text
    assert opened.centre.documents.count() == 0


def test_shift_enter_makes_a_plain_line(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    document = open_file(opened, library / "alpha" / "references" / "more.md")
    type_at_end(document, qtbot, "a")
    qtbot.keyClick(document.source, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(document.source, "b")
    assert document.bytes_now() == b"# More\na\nb"
    document.discard()


def test_find_goes_from_hit_to_hit_and_around(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    document = open_file(opened, library / "alpha" / "SKILL.md")
    document.find_bar.field.setText("alpha")
    places = []
    for _ in range(5):
        assert document.find_bar.next()
        places.append(document.source.textCursor().position())
    assert len(set(places)) == 4
    assert places[0] == places[4]
    document.find_bar.field.setText("nowhere")
    assert not document.find_bar.next()
