"""What the model receives; nothing is ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runaway import ends_soon
from workbench.skills.clients import CLIENTS
from workbench.skills.read import read_skill
from workbench.skills.render import render_skill
from workbench.skills.substitute import fill, split_arguments


def filled(body: str, arguments: str = "", names=(), **variables: str) -> str:
    return fill(body, arguments, names, variables).text


@pytest.mark.parametrize(
    ("body", "arguments", "wanted"),
    [
        ("do $ARGUMENTS now", 'a "b c"', 'do a "b c" now'),
        ("$ARGUMENTS[1] $ARGUMENTS[0] $ARGUMENTS", 'a "b c"', 'b c a a "b c"'),
        ("$0-$1 $ARGUMENTS", "'x y' z", "x y-z 'x y' z"),
        ("$2 stays $ARGUMENTS[7]", "a b", "$2 stays $ARGUMENTS[7]"),
        ("costs \\$1.00 $ARGUMENTS", "x y", "costs $1.00 x y"),
        ("\\\\$1 $ARGUMENTS", "a b", "\\\\b a b"),
        ("\\$HOME \\$x $ARGUMENTS", "a", "\\$HOME \\$x a"),
        ("$HOME ${PATH} $ $$ $ARGUMENTS", "a", "$HOME ${PATH} $ $$ a"),
        ("$ARGUMENTS", "", ""),
        ("nothing", "", "nothing"),
        ("open 'quote $0 $ARGUMENTS", "it's x", "open 'quote it's it's x"),
        ("$0 $ARGUMENTS", "$ARGUMENTS $0", "$ARGUMENTS $ARGUMENTS $0"),
    ],
)
def test_arguments_take_the_place_of_placeholders(body, arguments, wanted):
    assert filled(body, arguments) == wanted


def test_named_arguments_follow_the_front_matter():
    body = "fix $issue on $branch, $branch-name, $branches, \\$issue $ARGUMENTS"
    assert filled(body, "12", ("issue", "branch")) == ("fix 12 on , -name, $branches, $issue 12")


def test_without_arguments_in_the_body_they_come_last():
    assert filled("Run.\n", "a b") == "Run.\n\nARGUMENTS: a b"
    assert filled("Run $0.\n", "a b") == "Run a.\n\nARGUMENTS: a b"
    assert filled("\\$ARGUMENTS", "a") == "$ARGUMENTS\n\nARGUMENTS: a"
    assert filled("Run.\n", " ") == "Run.\n"


def test_variables_are_filled_in_even_after_a_backslash():
    assert filled("${CLAUDE_SKILL_DIR}/x ${CLAUDE_NEW}", CLAUDE_SKILL_DIR="/s") == (
        "/s/x ${CLAUDE_NEW}"
    )
    assert filled("\\${CLAUDE_SKILL_DIR}", CLAUDE_SKILL_DIR="/s") == "\\/s"


def test_substitution_happens_in_code_too():
    made = fill("```sh\nawk '{print $1}' \\$2\n```\n$1\n", "a b", (), {})
    assert made.text == "```sh\nawk '{print b}' $2\n```\nb\n\nARGUMENTS: a b"
    assert [(one.kind, one.placeholder, one.line, one.in_code) for one in made.replacements] == [
        ("index", "$1", 2, True),
        ("escape", "$2", 2, True),
        ("index", "$1", 4, False),
    ]


def test_injected_commands_are_shown_and_not_run(tmp_path):
    target = tmp_path / "made"
    body = (
        f"!`touch {target}`\nsee !`echo $0` X=!`no` `!no`\n"
        f"```!\ntouch {target}\nls $ARGUMENTS\n```\nend\n"
    )
    made = fill(body, "a;b", (), {})
    assert not target.exists()
    assert made.text == (
        f"[command not run: touch {target}]\nsee [command not run: echo a;b] X=!`no` `!no`\n"
        f"[command not run: touch {target}\nls a;b]\nend\n"
    )
    assert [(one.command, one.line) for one in made.commands] == [
        (f"touch {target}", 1),
        ("echo a;b", 2),
        (f"touch {target}\nls a;b", 3),
    ]


def test_a_fence_that_never_closes_is_one_command():
    assert [one.command for one in fill("```!\nls", "", (), {}).commands] == ["ls"]


def test_arguments_are_split_as_a_shell_does():
    assert split_arguments('"hello world" second') == ("hello world", "second")
    assert split_arguments("it's broken") == ("it's", "broken")
    assert split_arguments("") == ()


@given(st.text("$0123ARGUMENTS[]{}\\`! \n'\"xCLAUDE_~", max_size=80), st.text(max_size=20))
def test_any_body_is_filled(body, arguments):
    made = fill(body, arguments, ("x",), {"CLAUDE_X": "v"})
    if "$" not in body and "!" not in body and not arguments.strip():
        assert made.text == body


def test_many_placeholders_take_no_time():
    with ends_soon():
        made = fill("$1 \\\\\\ ```\n" * 40_000 + "\\" * 100_000, "a b", (), {})
    assert made.text.count("```") == 40_000


@pytest.fixture
def skill_of(tmp_path: Path):
    def skill_of(front: str, body: str = "\nDo $0.\n"):
        folder = tmp_path / "demo"
        folder.mkdir(exist_ok=True)
        (folder / "SKILL.md").write_text(f"---\nname: demo\n{front}---\n{body}")
        return read_skill(folder)

    return skill_of


def test_claude_code_gets_the_folder_the_values_and_lines_of_the_file(skill_of):
    skill = skill_of(
        "description: d\narguments: [what, how]\neffort: high\n",
        "\n$what $how ${CLAUDE_EFFORT} ${CLAUDE_SESSION_ID} ${CLAUDE_SKILL_DIR}\n",
    )
    made = render_skill(skill, "claude-code", "a b")
    assert made.body == (
        f"Base directory for this skill: {skill.path}\n\n"
        f"\na b high [CLAUDE_SESSION_ID of the session] {skill.path}\n\nARGUMENTS: a b"
    )
    assert {one.line for one in made.replacements} == {8}
    assert made.listing.text == "- demo: d"
    assert [note.message for note in made.notes] == [
        "The body has no $ARGUMENTS, so the arguments are put at its end."
    ]


def test_code_that_is_rewritten_is_noted_with_the_way_out(skill_of):
    made = render_skill(skill_of("description: d\n", "\n```\n$1\n```\n"), "claude-code")
    (note,) = made.notes
    assert note.line == 7
    assert "write '\\$1'" in note.message


def test_what_is_cut_hidden_or_too_long_is_noted(skill_of):
    skill = skill_of(
        f"description: {'d' * 2000}\ndisable-model-invocation: true\n", "\n" + "word " * 5000
    )
    made = render_skill(skill, "claude-code")
    assert made.listing.cut
    assert made.listing.hidden
    assert made.listing.text == ""
    told = " ".join(note.message for note in made.notes)
    assert "cuts it at 1,536" in told
    assert "does not see this skill" in told
    assert "keeps its first 5,000" in told


@pytest.mark.parametrize("client", [one for one in CLIENTS if one != "claude-code"])
def test_other_clients_get_the_body_as_it_is(skill_of, client):
    skill = skill_of("description: d\n", "\n$ARGUMENTS !`ls` ${CLAUDE_SKILL_DIR}\n")
    made = render_skill(skill, client, "a")
    assert made.body == skill.body_text
    assert "demo" in made.listing.text
    assert any("does not fill in arguments" in note.message for note in made.notes)


def test_an_unknown_client_is_a_key_error(skill_of):
    with pytest.raises(KeyError):
        render_skill(skill_of("description: d\n"), "none")
