"""The sandbox with real commands."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

from workbench.evaluation.runner import RunLimits
from workbench.evaluation.sandbox import Sandbox

LIMITS = RunLimits(seconds=20)


def shell(sandbox: Sandbox, work: Path, script: str, limits: RunLimits = LIMITS, **more):
    return sandbox.run(["/bin/sh", "-c", script], work, limits, **more)


def test_a_command_works_in_its_folder_and_its_output_and_code_are_told(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ran = shell(sandbox, tmp_path, "echo out; echo err >&2; echo x > made.txt; exit 3")
    assert (ran.ended, ran.code) == ("exit", 3)
    assert sorted(ran.output.split()) == ["err", "out"]
    assert (tmp_path / "made.txt").read_text() == "x\n"


def test_a_command_that_does_not_end_is_killed_with_all_it_started(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ran = shell(
        sandbox, tmp_path, "(sleep 60; echo late > late.txt) & sleep 60", RunLimits(seconds=0.5)
    )
    assert ran.ended == "timeout"
    assert ran.code is None
    assert not (tmp_path / "late.txt").exists()


def test_a_cancel_stops_it(sandbox: Sandbox, tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    ran = shell(sandbox, tmp_path, "sleep 60", cancelled=stop.is_set)
    assert ran.ended == "cancelled"


def test_a_flood_is_cut_and_its_end_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    limits = RunLimits(seconds=20, output_bytes=1000)
    ran = shell(sandbox, tmp_path, "yes | head -c 1000000; echo THE END", limits)
    assert ran.cut
    assert len(ran.output) < 1200
    assert ran.output.endswith("THE END\n")


def test_a_file_grows_no_further_than_allowed(sandbox: Sandbox, tmp_path: Path) -> None:
    limits = RunLimits(seconds=20, file_bytes=1 << 20)
    ran = shell(sandbox, tmp_path, "head -c 5000000 /dev/zero > big", limits)
    assert ran.code != 0
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_a_program_that_is_not_there_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = sandbox.run(["no-such-program-here"], tmp_path, LIMITS)
    assert ran.code == 127


def test_nothing_outside_its_folder_can_be_read_or_written(walls: Sandbox, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    ran = shell(walls, work, f"cat {secret}; echo x > {tmp_path}/escaped; touch /usr/x; ls -A ~")
    assert "hunter2" not in ran.output
    assert not (tmp_path / "escaped").exists()
    assert not Path("/usr/x").exists()


def test_skills_are_there_to_read_only(walls: Sandbox, tmp_path: Path) -> None:
    work, skills = tmp_path / "work", tmp_path / "skills"
    for folder in (work, skills):
        folder.mkdir()
    (skills / "SKILL.md").write_text("text")
    ran = shell(walls, work, "cat /skills/SKILL.md; echo x > /skills/SKILL.md", skills=skills)
    assert ran.output.startswith("text")
    assert (skills / "SKILL.md").read_text() == "text"


def test_there_is_no_network_unless_it_is_allowed(walls: Sandbox, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached"
        argv = ["/bin/bash", "-c", script]
        assert "reached" not in walls.run(argv, tmp_path, LIMITS).output
        allowed = RunLimits(seconds=20, network=True)
        assert "reached" in walls.run(argv, tmp_path, allowed).output


def test_the_users_environment_is_not_told(sandbox: Sandbox, tmp_path: Path) -> None:
    os.environ["WORKBENCH_TEST_SECRET"] = "hunter2"
    try:
        ran = sandbox.run(["env"], tmp_path, LIMITS, environment={"GIVEN": "yes"})
    finally:
        del os.environ["WORKBENCH_TEST_SECRET"]
    assert "hunter2" not in ran.output
    assert "GIVEN=yes" in ran.output
