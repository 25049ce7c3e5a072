"""plugin.toml: what is valid, and that all problems are told at once."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugin.schema_subset import problems
from workbench.plugin.manifest import MANIFEST_NAME, Manifest, ManifestProblem, load
from workbench.resources import bundled

GOOD = """\
id = "probe"
name = "Probe"
version = "1.2"
api = "1.0"
licence = "MIT"
kinds = ["scanner", "evolver"]
form = "inprocess"
entry = "probe.main:run"
needs = ["traces", "model:judge", "program:git"]
permissions = ["network"]
secrets = ["API_KEY"]
deterministic = true
paper = "https://example.invalid/paper"

[settings.depth]
type = "integer"
default = 3
minimum = 1
"""
SCHEMA = json.loads((bundled("resources") / "schemas" / "plugin-manifest.json").read_text())


def write(folder: Path, text: str) -> Path:
    path = folder / MANIFEST_NAME
    path.write_text(text)
    return path


def test_a_manifest_is_read_whole(tmp_path: Path) -> None:
    manifest = load(write(tmp_path, GOOD))
    assert manifest.kinds == ("scanner", "evolver")
    assert manifest.needs == ("traces", "model:judge", "program:git")
    assert manifest.deterministic
    assert [(field.key, field.default) for field in manifest.settings] == [("depth", 3)]
    assert manifest.folder == str(tmp_path)
    assert load(tmp_path) == manifest


def test_a_command_names_its_program_and_files(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("")
    text = GOOD.replace('"inprocess"', '"command"').replace(
        '"probe.main:run"', '["./run.sh", "--json", "{request}"]'
    )
    manifest = load(write(tmp_path, text))
    assert (manifest.argv, manifest.entry) == (("./run.sh", "--json", "{request}"), "")


def test_all_problems_are_told_at_once_with_file_and_key(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'id = "Bad Id"\nname = ""\nversion = 3\napi = "2.0"\nkinds = ["scaner"]\n'
        'form = "module"\nentry = "no colon"\nneeds = ["moon"]\npermissions = "network"\n'
        'deterministic = "yes"\ntypo = 1\n[settings.a]\ntype = "int"\n[settings.b]\n'
        'type = "integer"\ndefault = "x"\n',
    )
    with pytest.raises(ManifestProblem) as caught:
        load(path)
    told = str(caught.value)
    assert told.startswith(str(path))
    for key in (
        "'id'", "'name'", "'version'", "'api'", "'licence' is missing", "'kinds' has 'scaner'",
        "'form'", "'entry'", "'needs' has 'moon'", "'permissions'", "'deterministic'", "'typo'",
        "'settings.a.type'", "'settings.b.default'",
    ):  # fmt: skip
        assert key in told, key
    assert len(caught.value.problems) == 14


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('api = "1.0"', 'api = "1.9"', "update Skill Workbench"),
        ('api = "1.0"', 'api = "2.0"', "install a plugin made for it"),
        ('api = "1.0"', 'api = "one"', "version like 1.0"),
        ('"probe.main:run"', '["probe"]', "module:function"),
        ('["scanner", "evolver"]', "[]", "name at least one"),
        ('form = "inprocess"', 'form = "command"', "must be a list"),
        ("minimum = 1", "minimum = 5", "'settings.depth.default' must be at least 5"),
        ("minimum = 1", "minimun = 1", "'settings.depth.minimun' is not known"),
        ("[settings.depth]", "[settings]", "'settings.type' must be a table"),
        ('id = "probe"', 'id = "probe', "not valid TOML"),
        ('["API_KEY"]', '["a key"]', "'secrets' has 'a key'"),
    ],
)
def test_each_mistake_is_told_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(ManifestProblem, match=words.replace("[", r"\[")):
        load(write(tmp_path, GOOD.replace(old, new, 1)))


READER = GOOD.replace('["scanner", "evolver"]', '["trace_reader"]')


def test_a_trace_reader_says_what_its_files_are(tmp_path: Path) -> None:
    text = READER + "[trace]\nbegins = '^LOG'\nnames = ['*.log']\n"
    marks = load(write(tmp_path, text)).trace
    assert marks is not None
    assert (marks.begins, marks.names) == ("^LOG", ("*.log",))
    assert problems(tomllib.loads(text), SCHEMA) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (READER, "'trace' is missing"),
        ("trace = 1\n" + READER, "'trace' must be a table"),
        (READER + "[trace]\nnames = ['*.log']\n", "a name alone decides nothing"),
        (READER + "[trace]\nbegins = '('\n", "is no regular expression"),
        (READER + "[trace]\nbegins = 'x'\nnames = 'y'\n", "'trace.names' must be a list"),
        (READER + "[trace]\nbegins = 'x'\nmagic = 'y'\n", "'trace.magic' is not known"),
        (GOOD + "[trace]\nbegins = 'x'\n", "is for plugins of the kind trace_reader"),
    ],
)
def test_marks_of_a_trace_reader_that_are_wrong_are_told(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ManifestProblem, match=words):
        load(write(tmp_path, text))


def test_a_command_whose_file_is_missing_is_told_so(tmp_path: Path) -> None:
    text = GOOD.replace('"inprocess"', '"command"').replace('"probe.main:run"', '["./gone.sh"]')
    with pytest.raises(ManifestProblem, match=r"names \./gone\.sh"):
        load(write(tmp_path, text))


def test_missing_and_undecodable_files_are_told_so(tmp_path: Path) -> None:
    with pytest.raises(ManifestProblem, match=r"there is no plugin\.toml"):
        load(tmp_path)
    (tmp_path / MANIFEST_NAME).write_bytes(b'id = "caf\xe9"')
    with pytest.raises(ManifestProblem, match="not UTF-8"):
        load(tmp_path)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(tomllib.loads(GOOD))) | st.text(max_size=5), _values))
def test_any_table_is_a_manifest_or_a_problem(table: dict) -> None:
    from workbench.plugin.manifest import _checked

    try:
        found: object = _checked(Path("plugin.toml"), {**tomllib.loads(GOOD), **table})
    except ManifestProblem as problem:
        found = problem.problems[0]
    assert isinstance(found, Manifest | str)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_a_problem(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MANIFEST_NAME).write_bytes(data)
        with pytest.raises(ManifestProblem):
            load(Path(folder))


def test_the_schema_agrees_with_the_reader(tmp_path: Path) -> None:
    assert problems(tomllib.loads(GOOD), SCHEMA) == []
    for old, new in [
        ('"scanner", ', '"scaner", '),
        ('id = "probe"', 'id = "P"'),
        ('"network"', '"all"'),
        ('"traces"', '"moon"'),
        ('licence = "MIT"\n', ""),
        ("deterministic", "determinstic"),
    ]:
        table = tomllib.loads(GOOD.replace(old, new, 1))
        assert problems(table, SCHEMA) != [], new
        with pytest.raises(ManifestProblem):
            load(write(tmp_path, GOOD.replace(old, new, 1)))


def test_bundled_manifests_fit_the_schema() -> None:
    for path in bundled("plugins").glob(f"*/{MANIFEST_NAME}"):
        assert problems(tomllib.loads(path.read_text()), SCHEMA) == [], path
