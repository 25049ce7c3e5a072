"""Fetching and pushing over real transports, and every way in which they fail."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.review.build import git, make_library
from workbench.store.git import Repository
from workbench.store.remotes import (
    address_of,
    check_branch,
    check_remote,
    distance,
    fetch,
    push,
    remotes_of,
    upstream_of,
)
from workbench.store.transport import Call, TransportProblem, own_programs, without_password


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    seed = make_library(tmp_path / "seed", {"a.md": b"one\n"})
    git(seed, "branch", "-M", "main")
    git(tmp_path, "clone", "--quiet", "--bare", str(seed), "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def clone(tmp_path: Path, remote: Path) -> Repository:
    git(tmp_path, "clone", "--quiet", str(remote), "clone")
    found = Repository.find(tmp_path / "clone")
    assert found is not None
    return found


@pytest.fixture
def daemon(remote: Path) -> Iterator[str]:
    """Serve the remote with git's own server on loopback."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}"]
    command += ["--export-all", "--enable=receive-pack", f"--base-path={remote.parent}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}/remote.git"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def refused(repository: Repository, call: Call | None = None) -> TransportProblem:
    with pytest.raises(TransportProblem) as told:
        fetch(repository, "origin", call or Call())
    return told.value


def test_a_real_server_is_fetched_from_and_pushed_to(clone: Repository, daemon: str) -> None:
    git(clone.root, "remote", "set-url", "origin", daemon)
    (clone.root / "a.md").write_bytes(b"two\n")
    git(clone.root, "commit", "--quiet", "--all", "--message=two")
    heard: list[str] = []
    push(clone, "origin", "HEAD", "main", Call(told=heard.append))
    git(clone.root, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    fetch(clone, "origin", Call())
    here = distance(clone, upstream_of(clone))
    assert (here.ahead, here.behind, here.tip) == (0, 0, git(clone.root, "rev-parse", "HEAD"))
    assert any("%" in text for text in heard)


def test_ahead_behind_and_what_cannot_be_compared(
    clone: Repository, tmp_path: Path, remote: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(remote), "other")
    other = tmp_path / "other"
    for number in range(3):
        git(other, "commit", "--quiet", "--allow-empty", f"--message={number}")
    git(other, "push", "--quiet")
    git(clone.root, "commit", "--quiet", "--allow-empty", "--message=mine")
    fetch(clone, "origin", Call())
    here = distance(clone, upstream_of(clone))
    assert (here.ahead, here.behind, here.can_fast_forward) == (1, 3, False)
    with pytest.raises(TransportProblem) as told:
        push(clone, "origin", "HEAD", "main", Call())
    assert told.value.kind == "rejected"
    git(clone.root, "checkout", "--quiet", "--detach")
    with pytest.raises(TransportProblem, match=r"HEAD of .* is detached"):
        upstream_of(clone)
    assert upstream_of(clone, branch="main").branch == "main"


def test_a_branch_that_follows_none_is_compared_with_its_namesake(clone: Repository) -> None:
    git(clone.root, "checkout", "--quiet", "-b", "topic")
    assert str(upstream_of(clone)) == "origin/topic"
    assert distance(clone, upstream_of(clone)).tip is None
    git(clone.root, "branch", "--quiet", "--set-upstream-to=origin/main")
    assert str(upstream_of(clone)) == "origin/main"


def test_without_a_remote_and_with_a_wrong_one_it_is_said_what_to_do(clone: Repository) -> None:
    git(clone.root, "remote", "set-url", "origin", str(clone.root / "gone.git"))
    problem = refused(clone)
    assert problem.kind == "not_there"
    assert "git remote -v" in str(problem)
    git(clone.root, "remote", "remove", "origin")
    assert remotes_of(clone) == ()
    with pytest.raises(TransportProblem, match="git remote add origin"):
        upstream_of(clone)
    for name in ("--upload-pack=x", "-x", "https://example.org/x", "a b", ""):
        with pytest.raises(TransportProblem):
            check_remote(name)
        with pytest.raises(TransportProblem):
            check_branch(name or "a..b")


def test_a_host_that_does_not_answer_is_unreachable(clone: Repository) -> None:
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    git(clone.root, "remote", "set-url", "origin", f"git://127.0.0.1:{port}/x.git")
    problem = refused(clone)
    assert (problem.kind, "All else works" in str(problem)) == ("unreachable", True)


def test_a_host_that_says_nothing_can_be_left_and_is_left_in_time(clone: Repository) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        port = mute.getsockname()[1]
        git(clone.root, "remote", "set-url", "origin", f"git://127.0.0.1:{port}/x.git")
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        assert refused(clone, Call(cancelled=stop.is_set)).kind == "cancelled"
        assert refused(clone, Call(seconds=0.3)).kind == "too_long"


def test_a_server_that_wants_a_password_is_no_prompt_that_hangs(clone: Repository) -> None:
    answer = b"HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"

    def serve(server: socket.socket) -> None:
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            with one:
                one.recv(65536)
                one.sendall(answer)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        port = server.getsockname()[1]
        url = f"http://me:hunter2@127.0.0.1:{port}/x.git"
        git(clone.root, "remote", "set-url", "origin", url)
        assert "hunter2" not in address_of(clone, "origin")
        problem = refused(clone)
        assert problem.kind == "denied"
        assert "hunter2" not in str(problem)
        git(clone.root, "remote", "set-url", "origin", f"http://127.0.0.1:{port}/x.git")
        assert refused(clone).kind == "denied"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(20)


def test_addresses_that_start_programs_are_refused_whatever_the_configuration_allows(
    clone: Repository, tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    git(clone.root, "config", "protocol.ext.allow", "always")
    git(clone.root, "remote", "set-url", "origin", f"ext::sh -c touch% {sprung}")
    assert refused(clone, Call(own_programs=True)).kind == "protocol"
    git(clone.root, "remote", "set-url", "origin", "short:x")
    git(clone.root, "config", f"url.ext::sh -c touch% {sprung}%20.insteadOf", "short:")
    assert refused(clone, Call(own_programs=True)).kind == "protocol"
    assert not sprung.exists()


@pytest.mark.parametrize(
    "key", ["core.sshCommand", "credential.helper", "remote.origin.uploadpack", "core.askPass"]
)
def test_programs_of_the_repository_run_only_when_the_user_agreed(
    clone: Repository, tmp_path: Path, key: str
) -> None:
    sprung = tmp_path / "sprung"
    git(clone.root, "config", key, f"!touch {sprung}")
    assert own_programs(clone.root)[0].lower().startswith(key.lower())
    problem = refused(clone)
    assert (problem.kind, key.lower() in str(problem).lower()) == ("programs", True)
    assert not sprung.exists()
    fetch(clone, "origin", Call(own_programs=True))


def test_hooks_of_the_clone_do_not_run_on_fetch(clone: Repository, tmp_path: Path) -> None:
    hook = clone.git_dir / "hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    hook.chmod(0o755)
    git(clone.root, "update-ref", "-d", "refs/remotes/origin/main")
    assert (tmp_path / "sprung").exists(), "the trap itself has to work"
    (tmp_path / "sprung").unlink()
    fetch(clone, "origin", Call())
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("where", ["remote.git/hooks/pre-receive", "clone/.git/hooks/pre-push"])
def test_a_hook_that_refuses_a_push_is_quoted(
    clone: Repository, tmp_path: Path, where: str
) -> None:
    hook = tmp_path / where
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'Sign the pre-push agreement first.' >&2\nexit 1\n")
    hook.chmod(0o755)
    git(clone.root, "commit", "--quiet", "--allow-empty", "--message=x")
    with pytest.raises(TransportProblem) as told:
        push(clone, "origin", "HEAD", "main", Call())
    assert told.value.kind == "hook"
    assert "Sign the pre-push agreement first." in str(told.value)


def test_a_shallow_clone_says_so(tmp_path: Path, remote: Path) -> None:
    work = tmp_path / "seed"
    git(work, "commit", "--quiet", "--allow-empty", "--message=two")
    git(work, "push", "--quiet", str(remote), "main")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{remote}", "flat")
    flat = Repository.find(tmp_path / "flat")
    assert flat is not None
    assert distance(flat, upstream_of(flat)).shallow
    shutil.rmtree(tmp_path / "flat")


def test_no_password_is_shown() -> None:
    assert (
        without_password("https://a:b@host/x and ssh://git@h/y") == "https://host/x and ssh://h/y"
    )
