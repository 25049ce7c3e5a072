"""``walkthrough`` as a user runs it: in a process of its own, with no display and no network."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.resources import bundled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def walkthrough(out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    # A proxy that is not there: whoever asks the network fails.
    environment |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment |= variables
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "workbench", "walkthrough", "--out", str(out)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=240,
    )


def git(library: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=library, capture_output=True, text=True, check=True
    )
    return answer.stdout


def example() -> dict[str, bytes]:
    root = bundled("resources") / "example" / "library"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("walk") / "out"
    answer = walkthrough(out)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stderr == ""
    return out, answer.stdout


def test_it_prints_what_it_did_and_every_claim_holds(walked: tuple[Path, str]) -> None:
    _, said = walked
    (summary,) = re.findall(r"^(\d+) of (\d+) claims hold, (\d+) pictures\.$", said, re.MULTILINE)
    held, claims, pictures = map(int, summary)
    assert held == claims == said.count("   ok: ")
    assert claims >= 30
    assert pictures >= 20
    assert "FAILED" not in said
    files = len(example())
    assert f"{files} files in " in said
    assert re.search(r"\b(\d+) of \1 quotes stand in their file", said)


def test_the_report_tells_the_same_and_shows_every_picture(walked: tuple[Path, str]) -> None:
    out, said = walked
    report = (out / "report.md").read_text(encoding="utf-8")
    steps = re.findall(r"^(\d+)\. (.+)$", said, re.MULTILINE)
    assert [title for _, title in steps] == re.findall(r"^## \d+\. (.+)$", report, re.MULTILINE)
    assert report.count("\n- ✓ ") == said.count("   ok: ")
    assert "✗" not in report
    named = re.findall(r"!\[[^\]]+\]\(pictures/([\w.-]+)\)", report)
    assert sorted(named) == sorted(path.name for path in (out / "pictures").iterdir())
    for name in named:
        assert (out / "pictures" / name).read_bytes().startswith(b"\x89PNG")
    assert len({(out / "pictures" / name).read_bytes() for name in named}) == len(named)


def test_the_page_holds_everything_and_loads_nothing(walked: tuple[Path, str]) -> None:
    out, _ = walked
    page = (out / "report.html").read_text(encoding="utf-8")
    inside = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    pictures = {path.read_bytes() for path in (out / "pictures").iterdir()}
    assert {base64.b64decode(one) for one in inside} == pictures
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "http" not in re.sub(r"data:[^\"]+", "", page).replace("charset", "")


def test_the_repository_is_what_the_report_says(walked: tuple[Path, str]) -> None:
    out, _ = walked
    library = out / "work" / "library"
    subjects = git(library, "log", "--format=%s").splitlines()
    assert len(subjects) == 5
    assert subjects[0].startswith('Revert "')
    assert git(library, "status", "--porcelain") == ""
    trailers = git(library, "log", "--format=%(trailers:key=Skill-Workbench-Proposal)")
    assert trailers.count("Skill-Workbench-Proposal:") == 4
    assert (
        git(library, "log", "--format=%an <%ae>").splitlines()
        == ["Ada Example <ada@example.invalid>"] * 5
    )
    report = (out / "report.md").read_text(encoding="utf-8")
    for sha in git(library, "log", "--format=%H").split():
        assert sha[:12] in report


def test_only_what_was_accepted_is_in_the_library(walked: tuple[Path, str]) -> None:
    out, _ = walked
    library = out / "work" / "library"
    before = example()
    after = {
        path.relative_to(library).as_posix(): path.read_bytes()
        for path in library.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(library).parts
    }
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == {"csv-cleanup/SKILL.md"}
    text = after["csv-cleanup/SKILL.md"].decode()
    assert "references/encodings.md" in text
    assert "Try both, and say which one was right." in text
    assert "Drop rows that do not parse." not in text


def test_the_evidence_named_in_a_commit_is_a_trace_that_is_there(walked: tuple[Path, str]) -> None:
    import hashlib

    out, _ = walked
    traces = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (out / "work" / "traces").rglob("*")
        if path.is_file()
    }
    log = git(out / "work" / "library", "log", "--format=%(trailers:key=Skill-Workbench-Evidence)")
    named = re.findall(r"sha256:([0-9a-f]{64})", log)
    assert len(named) > 5
    assert set(named) <= traces


def test_it_can_be_made_again_in_its_own_folder_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    answer = walkthrough(tmp_path)
    assert answer.returncode == 2
    assert "is not empty" in answer.stderr
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]


def test_without_git_it_keeps_versions_itself(tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = walkthrough(out, PATH=str(tmp_path / "nothing"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "without git" in answer.stdout
    assert "ok: both versions are in the local history" in answer.stdout
    assert not (out / "work" / "library" / ".git").exists()


def test_a_claim_that_does_not_hold_ends_with_1(tmp_path: Path) -> None:
    """The child runs the real thing, with an engine that finds nothing."""
    script = (
        "import sys; from workbench.gui.walk import look_steps, tour; "
        "tour.look_steps.evolve.__globals__['MINER'] = 'folder_importer'; "
        "from workbench.gui import app; "
        f"sys.exit(app.run_gui('walkthrough', ['--out', {str(tmp_path / 'out')!r}]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "does not hold: the walkthrough comes to its end" in answer.stderr
    assert "✗ FAILED" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
