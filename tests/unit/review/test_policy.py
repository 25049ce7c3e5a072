"""The policy of a library: read to the last key or not at all, judged from facts alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.finding import Finding
from workbench.domain.proposal import Gate, Hunk
from workbench.review.checks.result import SecurityDelta
from workbench.review.rules.approvals import Approval, ApprovalCount
from workbench.review.rules.confirmations import Confirmation
from workbench.review.rules.part_locks import BrokenLock
from workbench.review.rules.policy import (
    POLICY_FILE,
    Policy,
    PolicyFile,
    PolicyProblem,
    read_policy,
)
from workbench.review.rules.policy_rules import Facts, Growth, Verdict, judge
from workbench.store.locked_parts import LockedPart

EVERYTHING = """\
version = 1
[approvals]
people = 2
by = ["ann@x.invalid", "bob@x.invalid"]
own_edits = false
[gate]
level = "promising"
[evidence]
quotes = "verified"
[security]
severity = "low"
capabilities = false
tier = "T2"
[size]
tokens = 300
percent = 20
[files]
programs = false
deletions = false
[engines]
allowed = ["miner"]
denied = ["other"]
[commit]
signed = true
new_branch = true
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / POLICY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_without_a_file_the_default_asks_for_nothing_new(tmp_path: Path) -> None:
    file = read_policy(tmp_path)
    assert (file.policy, file.path) == (Policy(), "")
    assert judge(file, facts()) == ()


def test_every_rule_is_read_with_its_line(tmp_path: Path) -> None:
    file = read_policy(written(tmp_path, EVERYTHING))
    assert file.policy.approvals.by == ("ann@x.invalid", "bob@x.invalid")
    assert (file.policy.security.severity, file.policy.size.percent) == ("low", 20)
    lines = EVERYTHING.splitlines()
    for key in ("approvals.people", "gate.level", "size.percent", "commit.new_branch"):
        assert lines[file.line(key) - 1].startswith(key.partition(".")[2])


def test_comments_and_order_are_the_same_policy_and_another_value_is_another(
    tmp_path: Path,
) -> None:
    one = read_policy(written(tmp_path, "[gate]\nlevel='promising'\n[size]\ntokens=1\n"))
    same = read_policy(written(tmp_path, "# why\nsize.tokens = 1\n[gate]\nlevel = 'promising'\n"))
    other = read_policy(written(tmp_path, "[gate]\nlevel='supported'\n[size]\ntokens=1\n"))
    assert one.policy.hash == same.policy.hash
    assert one.policy.hash != other.policy.hash
    assert same.line("size.tokens") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[gate]\nlevle = 'promising'\n",
            r"gate.levle \(line 2\) is no rule. Did you mean gate.level",
        ),
        ("\n[approval]\npeople = 2\n", r"approval \(line 2\) is no rule. Did you mean approvals"),
        ("zzz = 1\n", r"zzz \(line 1\) is no rule. Known are version, approvals"),
        ("[gate]\nlevel = 'best'\n", r"gate.level \(line 2\): Invalid enum value 'best'"),
        ("[approvals]\npeople = 'two'\n", r"approvals.people \(line 2\): Expected `int`"),
        ("[approvals]\n\npeople = 0\n", r"approvals.people \(line 3\) has to be between 1"),
        ("[approvals]\nby = ['ann']\n", r"approvals.by \(line 2\) names 'ann', which is no e-mail"),
        ("[approvals]\npeople = 2\nby = ['a@b']\n", r"approvals.by \(line 3\) names fewer people"),
        ("[size]\ntokens = -1\n", r"size.tokens \(line 2\) has to be 0 or more"),
        ("[size]\npercent = nan\n", r"size.percent \(line 2\) has to be 0 or more"),
        ("version = 2\n", "version 2, and this program knows version 1"),
        ("gate = 3\n", r"gate \(line 1\): Expected `object`"),
        ("[gate\n", "at line 1"),
        (b"\xff\xfe", "no UTF-8"),
        ("[security]\nseverity = 'awful'\n", r"security.severity \(line 2\)"),
    ],
)
def test_a_broken_policy_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(PolicyProblem, match=said) as caught:
        read_policy(written(tmp_path, text))
    assert "nothing is applied" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_policy_that_is_a_link_a_folder_or_huge_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text("")
    (tmp_path / "a/.workbench").mkdir(parents=True)
    (tmp_path / "a" / POLICY_FILE).symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(PolicyProblem, match="is a link"):
        read_policy(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/.workbench").symlink_to(tmp_path / "a/.workbench")
    with pytest.raises(PolicyProblem, match="is a link"):
        read_policy(tmp_path / "b")
    (tmp_path / "c" / POLICY_FILE).mkdir(parents=True)
    with pytest.raises(PolicyProblem, match="no file"):
        read_policy(tmp_path / "c")
    with pytest.raises(PolicyProblem, match="larger than a megabyte"):
        read_policy(written(tmp_path / "d", b"#" * (1 << 21)))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_policy_or_a_problem_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = written(tmp_path_factory.mktemp("any"), data)
    try:
        said: Policy | str = read_policy(folder).policy
    except PolicyProblem as problem:
        said = str(problem)
    assert isinstance(said, Policy) or str(folder) in said


# Rules


def hunk(name: str = "h1", *evidence: str) -> Hunk:
    return Hunk(name, "demo/SKILL.md", "text", "@@", 1, (), 1, ("x\n",), "c1", evidence)


def facts(**more: object) -> Facts:
    known = {
        "engine": "miner",
        "accepted": (hunk(),),
        "gate": Gate("promising"),
        "approvals": ApprovalCount((), 1, False),
        "security": SecurityDelta((), (), ()),
    }
    return Facts(**(known | more))  # type: ignore[arg-type]


def finding(severity: str, **more: object) -> Finding:
    return Finding("rule-x", "c", severity, "high", "SKILL.md", 7, 7, "e", "w", "f", "fp", **more)  # type: ignore[arg-type]


def one(tmp_path: Path, text: str, **more: object) -> Verdict:
    [verdict] = judge(read_policy(written(tmp_path, text)), facts(**more))
    assert verdict.why
    assert verdict.todo
    assert verdict.line > 0
    return verdict


@pytest.mark.parametrize(
    ("level", "wanted", "passed"),
    [
        ("supported", "promising", True),
        ("promising", "promising", True),
        ("not_evaluated", "promising", False),
        ("rejected", "not_evaluated", False),
        ("promising", "supported", False),
    ],
)
def test_the_gate_has_to_reach_its_level(
    tmp_path: Path, level: str, wanted: str, passed: bool
) -> None:
    gate = Gate(level, "weighted", ("Two of three.",))  # type: ignore[arg-type]
    verdict = one(tmp_path, f"[gate]\nlevel='{wanted}'\n", gate=gate)
    assert (verdict.passed, verdict.shows.kind) == (passed, "tasks")
    assert "Two of three." in verdict.fact


def test_new_findings_above_the_limit_are_named_with_their_place(tmp_path: Path) -> None:
    found = SecurityDelta((finding("low"), finding("high")), (), ())
    verdict = one(tmp_path, "[security]\nseverity='medium'\n", security=found)
    assert not verdict.passed
    assert "high: rule-x in SKILL.md:7" in verdict.fact
    assert one(tmp_path, "[security]\nseverity='high'\n", security=found).passed
    assert not one(tmp_path, "[security]\nseverity='none'\n", security=found).passed
    quiet = SecurityDelta((finding("high", suppressed="known"),), (), ())
    assert one(tmp_path, "[security]\nseverity='none'\n", security=quiet).passed


def test_what_nobody_scanned_does_not_pass(tmp_path: Path) -> None:
    verdict = one(
        tmp_path, "[security]\ncapabilities=false\n", security=None, not_scanned="It died."
    )
    assert not verdict.passed
    assert "It died." in verdict.fact


def test_new_capabilities_and_trusted_skills(tmp_path: Path) -> None:
    gained = SecurityDelta((), (), ("demo: network",))
    assert not one(tmp_path, "[security]\ncapabilities=false\n", security=gained).passed
    assert one(tmp_path, "[security]\ncapabilities=false\n").passed
    file = read_policy(written(tmp_path, "[security]\ntier='T2'\n"))
    [high] = judge(file, facts(tiers={"demo": "T3"}))
    [low] = judge(file, facts(tiers={"demo": "T2"}))
    assert (high.passed, low.passed) == (False, True)
    assert "demo is T3" in high.fact


def test_growth_is_counted_in_tokens_and_per_cent(tmp_path: Path) -> None:
    grown = (Growth("demo/SKILL.md", 100, 130),)
    assert not one(tmp_path, "[size]\ntokens=29\n", growth=grown).passed
    assert one(tmp_path, "[size]\ntokens=30\n", growth=grown).passed
    assert not one(tmp_path, "[size]\npercent=29.9\n", growth=grown).passed
    verdict = one(tmp_path, "[size]\npercent=30\n", growth=grown)
    assert verdict.passed
    assert "+30.0%" in verdict.fact
    # A new skill has no per cent; shrinking always passes.
    assert one(tmp_path, "[size]\npercent=1\n", growth=(Growth("new/SKILL.md", 0, 9),)).passed
    assert one(tmp_path, "[size]\ntokens=0\n", growth=(Growth("demo/SKILL.md", 9, 1),)).passed


def test_evidence_that_is_not_in_its_trace(tmp_path: Path) -> None:
    unsupported = {"accepted": (hunk("h1", "e1"),), "evidence": {"e1": "unsupported"}}
    verdict = one(tmp_path, "[evidence]\nquotes='found'\n", **unsupported)
    assert (verdict.passed, verdict.shows.name) == (False, "h1")
    assert one(tmp_path, "[evidence]\nquotes='found'\n").passed
    assert not one(tmp_path, "[evidence]\nquotes='verified'\n").passed
    verified = {"accepted": (hunk("h1", "e1"),), "evidence": {"e1": "verified"}}
    assert one(tmp_path, "[evidence]\nquotes='verified'\n", **verified).passed


def test_programs_deletions_and_engines(tmp_path: Path) -> None:
    touched = (
        Confirmation("a/run.py", "script", "a/run.py", "A program changes."),
        Confirmation("b.md", "deletion", "b.md", "This file is deleted."),
    )
    program = one(tmp_path, "[files]\nprograms=false\n", touched=touched)
    assert (program.passed, program.fact) == (False, "a/run.py")
    assert not one(tmp_path, "[files]\ndeletions=false\n", touched=touched).passed
    assert one(tmp_path, "[files]\nprograms=false\n").passed
    assert one(tmp_path, "[engines]\nallowed=['miner']\n").passed
    assert not one(tmp_path, "[engines]\nallowed=['x']\n").passed
    assert not one(tmp_path, "[engines]\ndenied=['miner']\n").passed
    assert one(tmp_path, "[engines]\ndenied=['x']\n").passed


def test_commit_and_approvals(tmp_path: Path) -> None:
    assert not one(tmp_path, "[commit]\nnew_branch=true\n").passed
    assert one(tmp_path, "[commit]\nnew_branch=true\n", branch="b").passed
    assert not one(tmp_path, "[commit]\nnew_branch=true\n", branch="b", committed=False).passed
    assert one(tmp_path, "[commit]\nsigned=true\n").passed
    assert not one(tmp_path, "[commit]\nsigned=true\n", committed=False).passed
    ann = Approval("Ann <ann@x.invalid>", "ann@x.invalid", "t", "counts")
    alone = one(tmp_path, "[approvals]\npeople=2\n", approvals=ApprovalCount((ann,), 2, True))
    assert (alone.passed, alone.shows.kind) == (False, "approvals")
    assert "1 of 2 by Ann" in alone.fact


def test_a_broken_lock_is_said_without_any_policy() -> None:
    lock = LockedPart("demo", "SKILL.md#Safety", "agreed", "Ann")
    [verdict] = judge(PolicyFile(), facts(locks=(BrokenLock("demo/SKILL.md", lock),)))
    assert not verdict.passed
    assert verdict.shows.name == "h1"
    for word in ("demo/SKILL.md", "SKILL.md#Safety", "agreed", "Ann"):
        assert word in verdict.fact
    [kept] = judge(PolicyFile(), facts(locks=()))
    assert kept.passed
