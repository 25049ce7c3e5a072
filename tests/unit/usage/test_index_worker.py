"""Files of foreign formats in watched folders, in the index through the plugins in use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.aider_reader.foreign_file import write_file
from workbench.plugin.trace_readers import TraceReaders
from workbench.store.annotations import AnnotationStore
from workbench.store.paths import UserFolders
from workbench.traces.index.query import Query, TraceRow, query
from workbench.traces.index.search import excerpt, search
from workbench.traces.index.trace_index import TraceIndex
from workbench.usage.annotated import anchor_of
from workbench.usage.annotated_files import placed_in_files
from workbench.usage.index_worker import plugin_door


@pytest.fixture
def folder(tmp_path: Path, isolated_home: Path) -> Path:
    del isolated_home
    made = tmp_path / "sessions"
    made.mkdir()
    (made / "README.md").write_text("# Notes\n")
    write_file(made)
    return made


@pytest.fixture
def synced(tmp_path: Path, folder: Path) -> Callable[[], tuple[TraceRow, ...]]:
    def made() -> tuple[TraceRow, ...]:
        file = tmp_path / "index.db"
        with plugin_door() as door, TraceIndex(file, foreign=door) as index:
            index.watch(folder)
            index.sync()
            return query(index, Query(descending=False))

    return made


def switch(on: bool) -> None:
    folders = UserFolders.default()
    folders.config.mkdir(parents=True, exist_ok=True)
    (folders.config / "plugins.json").write_text(
        json.dumps({"plugins": {"aider_reader": {"enabled": on}}})
    )


def test_a_foreign_file_is_listed_with_its_format_and_found(
    tmp_path: Path, folder: Path, synced: Callable[[], tuple[TraceRow, ...]]
) -> None:
    rows = synced()
    assert [(Path(row.path).parent, row.agent, row.format) for row in rows] == [
        (folder, "aider", "aider")
    ] * 3
    with TraceIndex(tmp_path / "index.db", reading=True) as index:
        (hit, *_) = search(index, "total to the report")
        assert excerpt(hit, "total to the report") == "Add a total to the report, <please>"
        assert (hit.path, hit.step) == (rows[0].path, 1)


def test_it_follows_which_plugins_are_in_use(
    synced: Callable[[], tuple[TraceRow, ...]],
) -> None:
    switch(on=False)
    assert synced() == ()
    switch(on=True)
    assert len(synced()) == 3
    switch(on=False)
    assert synced() == ()


def test_a_foreign_file_is_read_again_when_it_changes_and_only_then(
    folder: Path, synced: Callable[[], tuple[TraceRow, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = synced()
    reads: list[Path] = []
    read = TraceReaders.read

    def counted(self: TraceReaders, path: Path, *rest: object) -> Path:
        reads.append(path)
        return read(self, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(TraceReaders, "read", counted)
    assert synced() == before
    assert reads == []
    (chat,) = (path for path in folder.iterdir() if path.name != "README.md")
    with chat.open("a") as file:
        file.write("\n#### And one more thing\n\nDone.\n")
    after = synced()
    assert reads == [chat]
    assert sum(row.steps for row in after) > sum(row.steps for row in before)
    chat.unlink()
    assert synced() == ()


def test_a_plugin_that_fails_leaves_the_rest_of_the_folder(
    folder: Path, synced: Callable[[], tuple[TraceRow, ...]]
) -> None:
    (folder / "empty.md").write_text("# aider chat started at 2026-03-01 10:00:00\n\n")
    assert len(synced()) == 3


def test_annotations_of_a_foreign_file_are_found_again(folder: Path, tmp_path: Path) -> None:
    (chat,) = (path for path in folder.iterdir() if path.name != "README.md")
    store = AnnotationStore(tmp_path / "annotations.jsonl")
    with plugin_door() as door:
        traces = door.open(chat)
        anchor = anchor_of(traces[1], 2)
        for trace in traces:
            trace.close()
        store.add(anchor, "2026-03-01T10:00:00Z", label="odd")
        ((found,),) = placed_in_files(store.all(), opening=door.open)
        assert (found.state, found.step) == ("found", 2)
    ((lost,),) = placed_in_files(store.all())
    assert lost.state == "broken"


def test_nothing_is_left_of_the_runs(
    synced: Callable[[], tuple[TraceRow, ...]],
) -> None:
    synced()
    folders = UserFolders.default()
    assert [one.name for one in folders.cache.iterdir()] == ["foreign-traces"]
    assert not folders.runs.exists() or list(folders.runs.iterdir()) == []
