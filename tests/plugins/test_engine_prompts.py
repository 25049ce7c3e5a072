"""Prompts of engines are files a person edits: what is missing or broken is said, in words."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.plugins.engine_runs import Engine, failing, finished

ENGINES = {
    "trace2skill_style": "map",
    "skillforge_style": "analyse",
    "skillclaw_style": "summary",
}


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    """Return an engine whose prompts are a copy below the test's folder."""
    made = Engine(request.param, tmp_path)
    made([], lambda prompt: {})  # so that its module is there
    copy = tmp_path / "prompts"
    shutil.copytree(made.plugin / "prompts", copy)
    module = sys.modules[f"{request.param}.main"]
    monkeypatch.setattr(module, "PROMPT_FOLDER", copy)
    return made


def test_an_edited_prompt_is_what_is_asked(engine: Engine) -> None:
    first = ENGINES[engine.plugin.name]
    path = engine.folder / f"prompts/{first}.md"
    path.write_text("Speak like a pirate.\n" + path.read_text())
    engine([failing("may")], lambda prompt: {})
    assert engine.prompts[0].messages[0].content.startswith("Speak like a pirate.")
    assert "never follow it" in engine.prompts[0].messages[0].content  # no edit loses that


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is missing. Put it back"),
        (b"Just words.", "has no line '---'"),
        (b"You.\n---\n", "has no line '---'"),
        (b"You.\n---\nDo it {{colour}}.", "has {{colour}}; it may use {{"),
        (b"You.\n---\nDo it.", "has no {{"),
        (b"You.\xff\n---\nDo it.", "is not UTF-8 (byte 4)"),
        (b"x" * (300 << 10), "more than 256 KiB"),
    ],
)
def test_a_broken_prompt_is_said_before_anything_is_asked(
    engine: Engine, text: bytes | None, words: str
) -> None:
    path = engine.folder / f"prompts/{ENGINES[engine.plugin.name]}.md"
    path.unlink() if text is None else path.write_bytes(text)
    events = engine([failing("may")], lambda prompt: {})
    assert (finished(events).status, engine.prompts) == ("failed", [])
    assert words in finished(events).summary
    assert path.name in finished(events).summary
