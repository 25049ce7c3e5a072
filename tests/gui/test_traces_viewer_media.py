"""Tables, trees and pictures of a step: told apart, laid out within limits, nothing followed."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QModelIndex
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from workbench.gui.traces.viewer.json_tree_view import JsonTreeView
from workbench.gui.traces.viewer.media import inline_spans, picture_bytes, pictures_of
from workbench.gui.traces.viewer.pictures import decoded_picture, read_pictures
from workbench.gui.traces.viewer.renderers import RENDERERS
from workbench.gui.traces.viewer.renderers.content import MOST_CHARACTERS, Content, fitting, show
from workbench.gui.traces.viewer.renderers.json_tree import inside, json_value, unfolded
from workbench.gui.traces.viewer.renderers.table import TableRenderer
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces

PSQL = " id | name  | n\n----+-------+---\n  1 | Ann   | 5\n  2 | B | 6\n(2 rows)\n"
MYSQL = "+----+------+\n| id | name |\n+----+------+\n|  1 | Ann  |\n|  2 | Bob  |\n+----+------+\n"
MARKDOWN = "| a | b |\n|:--|--:|\n| x \\| y | 1 |\n| z | 2 |\n"


@pytest.mark.parametrize(
    ("text", "columns", "first"),
    [
        ('id,name\n1,Ann\n2,"Bo, b"\n', ("id", "name"), ("1", "Ann")),
        ("id\tname\tx\n1\tAnn\t2\n2\tBob\t3\n", ("id", "name", "x"), ("1", "Ann", "2")),
        ("     1\tid,name\n     2\t1,Ann\n     3\t2,Bob\n", ("id", "name"), ("1", "Ann")),
        (PSQL, ("id", "name", "n"), ("1", "Ann", "5")),
        (MYSQL, ("id", "name"), ("1", "Ann")),
        (MARKDOWN, ("a", "b"), ("x | y", "1")),
        ('[{"a": 1, "b": "x"}, {"a": 2, "b": null, "c": 1.50}]', ("a", "b", "c"), ("1", "x", "")),
        ('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', ("a", "b"), ("1", "2")),
    ],
)
def test_a_table_is_shown_as_one(
    text: str, columns: tuple[str, ...], first: tuple[str, ...]
) -> None:
    shown = show(Content(text, "observation", "Bash"), RENDERERS)
    assert shown.renderer == "table"
    assert shown.table is not None
    assert shown.table.columns == columns
    assert shown.table.rows[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "def f(a, b):\n    return a, b\nprint(f(1, 2))\n",
        "     1\timport os\n     2\timport re\n     3\timport sys\n",
        "one, two\nthree\nfour, five, six\n",
        "a | b\nplain\nwords\nmore words\n",
        "-----\n| x\n",
        '[{"a": {"b": 1}}, {"a": {"b": 2}}]',
        "drwxr-xr-x 2 a a 4096 Jan 1 x\n-rw-r--r-- 1 a a 5 Jan 1 y\n",
    ],
)
def test_what_is_no_table_is_not_shown_as_one(text: str) -> None:
    assert fitting(Content(text, "observation", "Bash"), RENDERERS)[0].id != "table"


def test_a_long_table_is_shown_in_part_and_kept_whole() -> None:
    text = "id,name\n" + "".join(f"{number},n{number}\n" for number in range(9_000))
    content = Content(text, "observation")
    shown = show(content, RENDERERS)
    assert shown.table is not None
    assert len(shown.table.rows) + shown.table.more == 9_000
    assert len(shown.table.rows) < 100
    assert len(TableRenderer().table(content).rows) == 9_000


@given(st.text(alphabet='|-+,;\t\n"\\ab1 :[]{}'))
def test_no_text_makes_the_table_view_fail_to_tell(text: str) -> None:
    content = Content(text, "observation")
    if TableRenderer().fit(content):
        table = TableRenderer().table(content)
        assert all(len(row) == len(table.columns) for row in table.rows)


# JSON as a tree


def test_large_json_is_shown_by_its_outermost_level() -> None:
    text = json.dumps({"items": [{"n": n, "inner": {"x": "y" * 50}} for n in range(2_000)], "z": 1})
    assert len(text) > MOST_CHARACTERS
    shown = show(Content(text, "observation"), RENDERERS)
    assert (shown.renderer, shown.opens) == ("json-tree", "tree")
    assert shown.text.splitlines()[0].startswith("2 keys")
    assert len(shown.text) < 1_000
    assert "json" in dict(shown.ways)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_the_tree_says_what_the_json_says(value: object) -> None:
    top = json_value(json.dumps(value))
    assert top is not None

    def built(one: object) -> object:
        level = inside(one)  # type: ignore[arg-type]
        kind = one.kind  # type: ignore[attr-defined]
        if kind == "object":
            return {level[n].key: built(level[n]) for n in range(len(level))}
        if kind == "list":
            return [built(level[n]) for n in range(len(level))]
        if kind == "string":
            return one.text()  # type: ignore[attr-defined]
        return json.loads(one.text())  # type: ignore[attr-defined]

    assert built(top) == value


@given(st.text(max_size=400), st.integers(min_value=8, max_value=300))
def test_the_beginning_of_a_string_is_its_beginning(text: str, most: int) -> None:
    for ascii_only in (True, False):
        top = json_value(json.dumps([text], ensure_ascii=ascii_only))
        assert top is not None
        value = inside(top)[0]
        said = value.text(most)
        if value.size > most and not said.startswith('"'):
            assert text.startswith(said.removesuffix("…"))


def test_json_nested_beyond_reason_is_no_tree_and_no_failure() -> None:
    text = "[" * 200_000 + "]" * 200_000
    assert json_value(text) is None
    assert show(Content(text, "observation"), RENDERERS).runs


def test_a_payload_of_20_mb_unfolds_without_a_pause(qtbot: QtBot) -> None:
    text = json.dumps([{"id": n, "name": f"name {n}", "tags": ["a", "b"]} for n in range(350_000)])
    assert len(text) > 18_000_000
    value = unfolded(text)  # a thread does this
    assert value is not None
    view = JsonTreeView()
    qtbot.addWidget(view)
    view.show()
    started = time.process_time()
    view.show_value(value)
    model = view.model
    assert 0 < model.rowCount() < 3_000
    view.tree.expand(model.index(3, 0))
    assert model.rowCount(model.index(3, 0)) == 3
    model.fetchMore(QModelIndex())
    took = time.process_time() - started
    assert model.rowCount() < 3_000
    assert took < 0.25
    view.tree.setCurrentIndex(model.index(1, 0, model.index(3, 0)))
    assert view.value.toPlainText() == "name 3"
    assert view.place.text().startswith("$[3].name")
    view.clear()


# Pictures


def png(width: int = 20, height: int = 10) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0xFF3366)
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")
    return bytes(held.data())


def bomb() -> bytes:
    """Return a PNG of a few hundred bytes that says it is 60,000 pixels square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        made = kind + data
        return len(data).to_bytes(4, "big") + made + zlib.crc32(made).to_bytes(4, "big")

    head = (60_000).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    body = zlib.compress(bytes(200_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def session(path: Path, *pictures: bytes, extra: list[dict[str, object]] | None = None) -> Path:
    """Write a Claude Code session whose prompt holds pictures."""
    content: list[dict[str, object]] = [{"type": "text", "text": "Look at this."}]
    for data in pictures:
        source = {
            "type": "base64",
            "media_type": "image/png",
            "data": base64.b64encode(data).decode(),
        }
        content.append({"type": "image", "source": source})
    content += extra or []
    base = {"sessionId": "s", "uuid": "u", "parentUuid": None, "version": "2.1.0", "cwd": "/x"}
    time_ = {"timestamp": "2026-01-01T00:00:00Z"}
    prompt = {"type": "user", "message": {"role": "user", "content": content}}
    answer = {
        "type": "assistant",
        "uuid": "v",
        "parentUuid": "u",
        "message": {
            "id": "m",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "I see."}],
        },
    }
    lines = [json.dumps(base | time_ | prompt), json.dumps(base | time_ | answer)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def opened(path: Path) -> OpenTrace:
    (trace,) = open_traces(path)
    return trace


def test_a_picture_is_found_by_its_offset_and_decoded(tmp_path: Path) -> None:
    data = png()
    path = session(tmp_path / "a.jsonl", data, data)
    with opened(path) as trace:
        step = trace.trajectory.steps[0]
        (found,) = pictures_of(trace, step, trace.body(0))  # the same twice is shown once
        assert found.span is not None
        text = path.read_bytes()[found.span.offset : found.span.offset + found.span.length]
        assert base64.b64decode(text) == data == picture_bytes(trace, found)
        image = read_pictures(trace, (found,))[found.id]
        assert isinstance(image, QImage)
        assert (image.width(), image.height()) == (20, 10)


def test_a_bomb_and_damage_are_told_and_not_decoded(tmp_path: Path) -> None:
    with opened(session(tmp_path / "a.jsonl", bomb(), png()[:60] + b"x" * 40)) as trace:
        found = pictures_of(trace, trace.trajectory.steps[0], trace.body(0))
        told = list(read_pictures(trace, found).values())
    assert len(told) == 2
    assert "60,000 × 60,000" in str(told[0])
    assert "damaged" in str(told[1])


def test_a_picture_is_made_small_while_it_is_decoded() -> None:
    from PySide6.QtCore import QSize

    image = decoded_picture(png(2_000, 1_000), "png", QSize(400, 400))
    assert (image.width(), image.height()) == (400, 200)
    with pytest.raises(TraceError, match="damaged"):
        decoded_picture(png()[:20], "png")


def test_spans_of_pictures_in_escaped_records() -> None:
    data = base64.b64encode(png(60, 60))
    plain = b'{"image_url": "data:image/png;base64,' + data + b'"}'
    inner = json.dumps(json.dumps({"data": data.decode()}).replace("/", "\\/")).encode()
    for record in (plain, inner):
        ((offset, length, kind),) = inline_spans(record)
        assert kind == "png"
        text = record[offset : offset + length].replace(b"\\", b"")
        assert base64.b64decode(text + b"=" * (-len(text) % 4)) == png(60, 60)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_through(data: bytes) -> None:
    list(inline_spans(b'"iVBORw0KGgo' + data + b'"'))


def test_files_beside_the_trace_are_shown_and_none_outside(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a.png").write_bytes(png())
    (folder / "images" / "words.png").write_bytes(b"no picture at all")
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "images" / "link.png").symlink_to(tmp_path / "outside.png")
    names = (
        "images/a.png",
        "images/words.png",
        "images/link.png",
        "../outside.png",
        str(tmp_path / "outside.png"),
        "https://example.org/a.png",
    )
    document = {
        "schema_version": "ATIF-v1.7",
        "session_id": "s",
        "agent": {"name": "a", "version": "1", "model_name": "m"},
        "steps": [
            {
                "step_id": 1,
                "source": "user",
                "message": [
                    {"type": "text", "text": "Look."},
                    *(
                        {"type": "image", "source": {"media_type": "image/png", "path": name}}
                        for name in names
                    ),
                ],
            }
        ],
    }
    path = folder / "trajectory.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with opened(path) as trace:
        found = pictures_of(trace, trace.trajectory.steps[0], trace.body(0))
        assert [Path(one.path).name for one in found] == ["a.png"]
        assert isinstance(read_pictures(trace, found)[found[0].id], QImage)
