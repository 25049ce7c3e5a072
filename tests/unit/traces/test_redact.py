"""Copies without secrets: what is found, what is left, and that records stay records."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text
from workbench.cli.main import run
from workbench.traces.importer import TraceError
from workbench.traces.open import open_traces
from workbench.traces.redact.files import redact_file, redact_folder, redact_session
from workbench.traces.redact.redactor import Redactor

_random = random.Random(7)


def _made(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "a1B2"[: min(4, length)] + "".join(_random.choices(letters, k=length - 4))


_UPPER = string.ascii_uppercase + string.digits
_HEX = "0123456789abcdef"
_PEM = "\n".join(_made(64) for _ in range(4)) + "\n" + _made(20) + "=="
#: Kind, the text around it, and the part that may not stay. Made here; none was ever valid.
PLANTED = [
    ("aws-access-key", "{}", "AKIA" + "".join(_random.choices(_UPPER, k=16))),
    ("github-token", "{}", "ghp_" + _made(36)),
    ("github-token", "{}", "github_pat_" + _made(60)),
    ("gitlab-token", "{}", "glpat-" + _made(20)),
    ("model-key", "{}", "sk-" + _made(48)),
    ("model-key", "{}", "sk-proj-" + _made(80)),
    ("model-key", "{}", "sk-ant-api03-" + _made(80)),
    ("model-key", "{}", "gsk_" + _made(52)),
    ("google-key", "{}", "AIza" + _made(35)),
    ("google-token", "{}", "ya29." + _made(60)),
    ("slack-token", "{}", "xoxb-1234567890-" + _made(24)),
    ("slack-webhook", "https://{}", "hooks.slack.com/services/T00000/B00000/" + _made(24)),
    ("stripe-key", "{}", "sk_live_" + _made(24)),
    ("huggingface-token", "{}", "hf_" + _made(34)),
    ("npm-token", "{}", "npm_" + _made(36)),
    ("pypi-token", "{}", "pypi-AgEIcHlwaS5vcmc" + _made(60)),
    ("sendgrid-key", "{}", "SG." + _made(22) + "." + _made(43)),
    ("telegram-token", "{}", "123456789:AA" + _made(33)),
    ("jwt", "{}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ." + _made(40)),
    ("authorization", "Authorization: Bearer {}", _made(40)),
    ("authorization", "-H 'Authorization: Basic {}'", _made(30) + "=="),
    ("cookie", "Cookie: {}", "session=" + _made(40)),
    ("secret", "API_KEY={}", _made(32, _HEX)),
    ("secret", 'client_secret: "{}"', _made(32)),
    ("secret", "aws_secret_access_key = {}", _made(40)),
    ("secret", "export SERVICE_TOKEN={}", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ("password", "DB_PASSWORD={}", "hunter2hunter"),
    ("password", "password: '{}'", "correct!horse"),
    ("login", "postgres://{}@db.internal/x", "admin:s3cr3tpw"),
    ("private-key", "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", _PEM),
    ("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----\n{}", _PEM),
    ("mail", "{}", "ann.lee+x@firm.co.uk"),
    ("mail", "<{}>", "jörg@bücher.de"),
    ("home", "/home/{}/project/a.py", "annlee"),
    ("home", "/Users/{}", "annlee"),
    ("home", "file:///home/{}/x", "annlee"),
    ("home", "/mnt/c/Users/{}/x", "annlee"),
    ("home", "C:\\Users\\{}\\x", "Ann Lee"),
    ("home", "ls /home/annlee; cat ~/.claude/projects/-home-{}-work/x", "annlee"),
    ("private-ip", "http://{}:8080/", "192.168.1.17"),
    ("private-ip", "host {}.", "10.1.2.3"),
    ("private-ip", "inet6 {} prefixlen", "fd12:3456:789a::1"),
]
_AROUND = [
    pytest.param(lambda said: said.encode(), id="text"),
    pytest.param(lambda said: json.dumps({"a": f"x\n{said}\ty"}).encode(), id="json"),
    pytest.param(lambda said: json.dumps({"a": f"\x1b[31m{said}\x1b[0m"}).encode(), id="terminal"),
    pytest.param(
        lambda said: json.dumps({"a": json.dumps({"b": f"n\n{said}\nz"})}).encode(),
        id="json in json",
    ),
    pytest.param(
        lambda said: json.dumps({"a": said}, ensure_ascii=False).replace("/", "\\/").encode(),
        id="escaped slashes",
    ),
]


def _texts(data: bytes) -> str:
    """Return all that the data say, their JSON taken off at every depth."""
    try:
        value = json.loads(data)
    except ValueError:
        return data.decode()
    return _said(value)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_said(one) for pair in value.items() for one in pair)
    if isinstance(value, str) and value[:1] == "{":
        return _said(json.loads(value))
    return str(value)


@pytest.mark.parametrize("around", _AROUND)
@pytest.mark.parametrize(("kind", "place", "value"), PLANTED)
def test_what_is_planted_is_found(kind: str, place: str, value: str, around: Any) -> None:
    data = around(place.format(value))
    redactor = Redactor()
    redactor.learn(data)
    made, hits = redactor.redact(data)
    said = _texts(made)
    for part in value.split("\n"):
        assert part not in said
    assert kind in {hit.kind for hit in hits}
    assert made.count(b"\n") == data.count(b"\n")
    assert _texts(data).count("\n") == said.count("\n")
    assert redactor.redact(made) == (made, [])
    assert Redactor().redact(made) == (made, [])


@pytest.mark.parametrize(
    "said",
    [
        "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad of 0f8fad5b-d9cb-469f-a165-70867728950e",
        '{"sessionId":"0f8fad5b-d9cb-469f-a165-70867728950e","sha256":"' + "ab12" * 16 + '"}',
        '{"usage":{"input_tokens":123456,"cache_read_input_tokens":1234567}}',
        '{"signature":"' + "Ab1+" * 40 + '"}',
        "git clone git@github.com:owner/repo.git && pip install thing@1.2.3 icon@2x.png",
        "task-management-with-many-words risk-free-and-very-long-hyphenated-name",
        "mail someone@example.com or root@localhost",
        "version 1.10.0.1.5 and 8.8.8.8 and 10.0.19041.1234 and 127.0.0.1",
        "password = get_password(user) ; token = os.environ['TOKEN']; api_key: ${API_KEY}",
        '{"password":"<your-password>","token":"string","secret":"required","api_key":null}',
        "https://user:password@host/ is how a login is written",
        "/home/runner/work /Users/Shared /home/user/x --home-dir stay-at-home-mom",
        "grep for -----BEGIN RSA PRIVATE KEY----- in all of the repositories somewhere",
        "GET /v2/Users/12345 and https://host.org/home/page",
        "max_token=4096 tokenizer: cl100k_base1234 primary_key=abcdefgh12345678",
        "sk-learn and sk_test and hf_hub_download and npm_config_registry",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    data = said.encode()
    assert Redactor().redact(data) == (data, [])


def test_the_same_value_gets_the_same_words_and_the_report_holds_no_value() -> None:
    data = b"ann@firm.org\nbob@firm.org\nann@firm.org\n"
    made, hits = Redactor().redact(data, offset=100, line=7)
    assert made == b"REDACTED_MAIL_1\nREDACTED_MAIL_2\nREDACTED_MAIL_1\n"
    assert [(hit.offset, hit.length, hit.line) for hit in hits] == [
        (100, 12, 7),
        (113, 12, 8),
        (126, 12, 9),
    ]
    assert "ann" not in repr(hits)


def test_a_bare_number_in_json_becomes_a_text() -> None:
    made, _ = Redactor().redact(b'{"password": 12345678, "a": "{\\"password\\":87654321}"}')
    value = json.loads(made)
    assert value["password"] == "REDACTED_PASSWORD_1"
    assert json.loads(value["a"])["password"] == "REDACTED_PASSWORD_2"


def test_groups_and_further_texts_can_be_chosen() -> None:
    data = b"ann@firm.org at 10.0.0.7 on project-zebra"
    assert Redactor(["mail"]).redact(data)[0] == b"REDACTED_MAIL_1 at 10.0.0.7 on project-zebra"
    made, _ = Redactor([], ["project-zebra"]).redact(data)
    assert made == b"ann@firm.org at 10.0.0.7 on REDACTED_TEXT_1"


_PIECES = st.lists(
    st.one_of(
        st.sampled_from([place.format(value) for _, place, value in PLANTED]),
        st.text(max_size=12),
        st.sampled_from(
            ["\n", "\\", '"', "@", "=", ":", "npm_", "password=", "/home/", "\\u00e9", "é"]
        ),
    ),
    max_size=8,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(_PIECES, st.integers(0, 2), st.booleans())
def test_json_stays_json_and_a_second_run_finds_nothing(said: str, depth: int, plain: bool) -> None:
    value: Any = {"k": said, "n": [1, said]}
    for _ in range(depth):
        value = {"inner": json.dumps(value, ensure_ascii=plain)}
    data = json.dumps(value, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    made, _ = Redactor().redact(data)
    read = json.loads(made.decode("utf-8", "surrogatepass"))
    for _ in range(depth):
        read = json.loads(read["inner"])
    assert isinstance(read["n"], list)
    assert Redactor().redact(made)[0] == made


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_keep_their_lines(data: bytes) -> None:
    made, hits = Redactor().redact(data)
    assert made.count(b"\n") == data.count(b"\n")
    assert bool(hits) == (made != data)


def _session(folder: Path) -> Path:
    session = Session()
    session.prompt("My key is sk-" + _made(48) + " for ann@firm.org")
    session.says(text("Reading"), call("t1", "Read", file_path="/home/annlee/secret.py"))
    session.result("t1", "1\tpassword='hunter2hunter'\n2\thost 10.0.0.9")
    return session.write(folder)


def test_a_copied_trace_opens_as_before(tmp_path: Path) -> None:
    path = _session(tmp_path)
    before = path.read_bytes()
    made = redact_file(path, tmp_path / "copy.jsonl", Redactor())
    assert path.read_bytes() == before
    assert made.counts == {"home": 1, "mail": 1, "model-key": 1, "password": 1, "private-ip": 1}
    for hit in made.hits:
        assert before[: hit.offset].count(b"\n") + 1 == hit.line
    (old,), (new,) = open_traces(path), open_traces(tmp_path / "copy.jsonl")
    with old, new:
        assert [step.kind for step in new.trajectory.steps] == [
            step.kind for step in old.trajectory.steps
        ]
        assert new.body(1).tool_calls[0].observation == (
            "1\tpassword='REDACTED_PASSWORD_1'\n2\thost REDACTED_PRIVATE_IP_1"
        )


def test_a_second_copy_is_equal_to_the_first(tmp_path: Path) -> None:
    redact_file(_session(tmp_path), tmp_path / "one.jsonl", Redactor())
    again = redact_file(tmp_path / "one.jsonl", tmp_path / "two.jsonl", Redactor())
    assert again.hits == ()
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_a_packed_file_stays_packed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstd.compress(_session(tmp_path).read_bytes()))
    redact_file(path, tmp_path / "b.jsonl.zst", Redactor())
    copy = zstd.decompress((tmp_path / "b.jsonl.zst").read_bytes())
    assert b"annlee" not in copy
    assert len(copy.splitlines()) == 3


def test_a_folder_is_copied_with_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "projects"
    (folder / "-home-annlee-work").mkdir(parents=True)
    _session(folder / "-home-annlee-work")
    (folder / "picture.png").write_bytes(b"\x89PNG\0\0")
    (folder / "link.jsonl").symlink_to(tmp_path / "elsewhere")
    made = redact_folder(folder, tmp_path / "copy", Redactor())
    (file,) = made.files
    assert Path(file.out).parent.name == "-home-REDACTED_HOME_1-work"
    assert [Path(path).name for path, _ in made.left_out] == ["picture.png"]
    assert made.counts["mail"] == 1
    with pytest.raises(TraceError, match="exists"):
        redact_folder(folder, tmp_path / "copy", Redactor())
    with pytest.raises(TraceError, match="within"):
        redact_folder(folder, folder / "copy", Redactor())


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = _session(tmp_path)
    out = tmp_path / "out" / "copy.jsonl"
    out.parent.mkdir()
    out.write_bytes(b"mine")
    with pytest.raises(TraceError, match="exists"):
        redact_file(path, out, Redactor())
    assert out.read_bytes() == b"mine"
    assert list(out.parent.iterdir()) == [out]
    database = tmp_path / "x.db"
    database.write_bytes(b"SQLite format 3\0")
    with pytest.raises(TraceError, match="cannot be redacted"):
        redact_file(database, tmp_path / "y.db", Redactor())
    database.write_bytes(b"\x7fELF\0\0")
    with pytest.raises(TraceError, match="no text file"):
        redact_file(database, tmp_path / "y.db", Redactor())
    assert not (tmp_path / "y.db").exists()


def test_the_command_reports_what_and_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = _session(tmp_path), tmp_path / "copy.jsonl"
    arguments = ["trace", "redact", str(path), "--out", str(out), "--format", "json"]
    assert run(arguments, lambda *_: 0) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "skill-workbench/trace-redact/1"
    assert found["counts"]["mail"] == 1
    assert found["files"][0]["hits"][0]["line"] == 1
    assert run(arguments, lambda *_: 0) == 2
    assert "exists" in capsys.readouterr().err
    arguments = ["trace", "redact", str(path), "--out", str(tmp_path / "3"), "--also", 'a"b']
    assert run(arguments, lambda *_: 0) == 2
    assert "--also" in capsys.readouterr().err
    arguments = ["trace", "redact", str(path), "--out", str(tmp_path / "4"), "--also", "secret.py"]
    assert run(arguments, lambda *_: 0) == 0
    assert "1 text" in capsys.readouterr().out


def test_a_session_is_copied_with_its_subagents_and_kept_results(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    session = Session()
    session.prompt("Ask anna@firm.dev in /home/anna/repo")
    session.says(call("t", "Task", prompt="look", description="d"))
    session.result("t", "done", toolUseResult={"agentId": "a1"})
    path = session.write(folder, "main.jsonl")
    agent = Session()
    agent.prompt("look", isSidechain=True, agentId="a1")
    agent.says(text("I saw bert@firm.dev in /home/bert/x"), isSidechain=True, agentId="a1")
    (folder / "main" / "subagents").mkdir(parents=True)
    agent.write(folder / "main" / "subagents", "agent-a1.jsonl")
    (folder / "main" / "tool-results").mkdir()
    (folder / "main" / "tool-results" / "t.txt").write_text("cora@firm.dev, anna and bert")
    (folder / "main" / "tool-results" / "p.bin").write_bytes(b"\0\1")
    (folder / "other.jsonl").write_bytes(session.data())
    out = tmp_path / "out" / "copy.jsonl"
    made = redact_session(path, out, Redactor())
    copies = sorted(file.relative_to(out.parent).as_posix() for file in out.parent.rglob("*.*"))
    assert copies == ["copy.jsonl", "copy/subagents/agent-a1.jsonl", "copy/tool-results/t.txt"]
    assert made.counts["mail"] == 3
    assert [Path(name).name for name, _ in made.left_out] == ["p.bin"]
    for copy in copies:
        assert b"firm.dev" not in (out.parent / copy).read_bytes()
        assert b"/home/anna" not in (out.parent / copy).read_bytes()
        assert b"/home/bert" not in (out.parent / copy).read_bytes()
    with open_traces(path)[0] as before, open_traces(out)[0] as after:
        assert len(before.children) == len(after.children) == 1
        assert [len(one.trajectory.steps) for one in after.children] == [2]
    with pytest.raises(TraceError, match="exists and is not written into"):
        redact_session(path, out, Redactor())


def test_a_trace_of_one_file_is_copied_alone(tmp_path: Path) -> None:
    path = _session(tmp_path)
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "notes.txt").write_text("not the session's")
    made = redact_session(path, tmp_path / "out" / "copy.jsonl", Redactor())
    assert [one.source for one in made.files] == [str(path)]
