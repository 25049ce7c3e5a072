import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.traces.opening import every_text_is_found
from workbench.domain.trajectory import Trajectory
from workbench.traces.formats.atif import Atif
from workbench.traces.open import OpenTrace, detect, open_traces, trace_files
from workbench.traces.source import SourceBytes


def document(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": "ATIF-v1.7",
        "session_id": "s",
        "agent": {"name": "demo", "version": "1", "model_name": "base-model"},
        "steps": [{"step_id": at + 1, **step} for at, step in enumerate(steps)],
        **fields,
    }


def asked(*calls: str, results: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    step = {
        "source": "agent",
        "message": "Doing.",
        "tool_calls": [
            {"tool_call_id": call, "function_name": "shell", "arguments": {"command": call}}
            for call in calls
        ],
        **more,
    }
    return step if results is None else {**step, "observation": {"results": results}}


def read(value: Any) -> list[Trajectory]:
    text = value if isinstance(value, str) else json.dumps(value)
    return list(Atif().skeleton([SourceBytes.of_bytes(text.encode(), "x")]))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Any], tuple[OpenTrace, ...]]]:
    traces: list[OpenTrace] = []

    def open_value(value: Any) -> tuple[OpenTrace, ...]:
        path = tmp_path / f"t{len(traces)}.json"
        text = value if isinstance(value, str) else json.dumps(value, indent=1)
        path.write_text(text)
        assert detect(path) == "atif"
        found = open_traces(path)
        traces.extend(found)
        return found

    yield open_value
    for trace in traces:
        trace.close()


@pytest.mark.parametrize("version", [f"ATIF-v1.{minor}" for minor in range(9)])
def test_every_version_opens(opened: Any, version: str) -> None:
    value = document({"source": "user", "message": "hi"}, schema_version=version)
    (trace,) = opened(value)
    assert trace.trajectory.format_version == version
    assert trace.body(0).text == "hi"


def test_results_belong_to_calls_by_id_and_not_by_order(opened: Any) -> None:
    results = [
        {"source_call_id": "two", "content": "second"},
        {"source_call_id": "one", "content": "first"},
    ]
    (trace,) = opened(document(asked("one", "two", "three", results=results)))
    calls = trace.body(0).tool_calls
    assert [(c.id, c.observation) for c in calls] == [
        ("one", "first"),
        ("two", "second"),
        ("three", None),
    ]
    assert [c.status for c in calls] == ["ok", "ok", "missing"]
    assert calls[0].arguments == '{\n      "command": "one"\n     }'


def test_a_result_of_no_call_stays_with_its_step(opened: Any) -> None:
    results = [{"source_call_id": "a", "content": "out"}, {"content": "Environment reset."}]
    (trace,) = opened(document(asked("a", results=results)))
    body = trace.body(0)
    assert body.text == "Doing.\n\nEnvironment reset."
    assert body.tool_calls[0].observation == "out"


def test_a_lone_result_without_id_belongs_to_the_only_call(opened: Any) -> None:
    (trace,) = opened(document(asked("a", results=[{"content": "out"}])))
    assert trace.body(0).tool_calls[0].observation == "out"


def test_pictures_are_references(opened: Any) -> None:
    picture = {"type": "image", "source": {"media_type": "image/png", "path": "../../secret.png"}}
    parts = [{"type": "text", "text": "Look"}, picture]
    results = [{"source_call_id": "a", "content": parts}]
    (trace,) = opened(document({"source": "user", "message": parts}, asked("a", results=results)))
    assert trace.body(0).text == "Look"
    assert trace.body(0).media == ("image/png: ../../secret.png",)
    assert trace.body(1).tool_calls[0].media == ("image/png: ../../secret.png",)


def test_embedded_subagents_are_children_on_their_call(opened: Any) -> None:
    child = document(asked("x"), trajectory_id="child")
    reference = {"source_call_id": "a", "subagent_trajectory_ref": [{"trajectory_id": "child"}]}
    parent = document(
        asked("a", results=[reference]), trajectory_id="parent", subagent_trajectories=[child]
    )
    (trace,) = opened(parent)
    made = trace.trajectory
    assert made.steps[0].tool_calls[0].sub == "child"
    assert [(c.id, c.parent, c.tool_calls) for c in made.children] == [("child", "parent", 1)]
    assert made.tool_calls == 1  # a subagent is counted apart
    (inner,) = trace.children
    with inner:
        assert inner.body(0).tool_calls[0].arguments.split() == ["{", '"command":', '"x"', "}"]


def test_one_trajectory_a_line(opened: Any) -> None:
    lines = "\n".join(json.dumps(document({"source": "user", "message": m})) for m in "ab")
    traces = opened(lines)
    assert [(t.trajectory.id, t.trajectory.title) for t in traces] == [("s", "a"), ("s#2", "b")]


def test_metrics_models_and_recorded_totals() -> None:
    metrics = {"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 8, "cost_usd": 0.1}
    steps = [asked("a", metrics=metrics), asked("b", model_name="other", metrics=metrics)]
    (summed,) = read(document(*steps))
    assert (summed.totals.input, summed.totals.cached, summed.totals.cost_usd) == (20, 16, 0.2)
    assert [step.model for step in summed.steps] == ["base-model", "other"]
    (final,) = read(document(*steps, final_metrics={"total_prompt_tokens": 99}))
    assert (final.totals.input, final.totals.output) == (99, 4)


def test_usage_that_is_absent_is_not_recorded() -> None:
    (made,) = read(document(asked("a")))
    assert made.totals.input is None
    assert made.steps[0].metrics is None


def test_copied_context_is_marked_and_not_counted() -> None:
    metrics = {"prompt_tokens": 10}
    (made,) = read(document(asked("a", metrics=metrics, is_copied_context=True), asked("b")))
    assert made.steps[0].flags == ("copied",)
    assert (made.tool_calls, made.messages, made.totals.input) == (1, 1, None)


def test_an_unknown_source_is_an_event_and_counted() -> None:
    (made,) = read(document({"source": "oracle", "message": "hm"}))
    assert (made.steps[0].kind, made.loss.ignored[0].kind) == ("event", "source:oracle")


def test_a_step_that_is_no_object_is_counted() -> None:
    value = document({"source": "user", "message": "a"})
    value["steps"].append(["not", "a", "step"])
    (made,) = read(value)
    assert len(made.loss.unparsed) == 1
    assert made.loss.lines == 2


def test_a_cut_document_gives_its_whole_steps() -> None:
    text = json.dumps(
        document({"source": "user", "message": "a"}, {"source": "user", "message": "b"})
    )
    (made,) = read(text[: text.index('"b"')])
    assert [step.preview for step in made.steps] == ["a"]
    assert not made.complete


def test_the_version_may_come_after_the_steps(tmp_path: Path) -> None:
    value = document(*[{"source": "user", "message": "x" * 1000}] * 400)
    value["schema_version"] = value.pop("schema_version")
    path = tmp_path / "big.json"
    path.write_text(json.dumps(value))
    assert detect(path) == "atif"


def test_skill_tools_and_files_are_seen() -> None:
    def call(name: str, **arguments: str) -> dict[str, Any]:
        made = {"tool_call_id": name, "function_name": name, "arguments": arguments}
        return {"source": "agent", "message": "", "tool_calls": [made],
                "observation": {"results": [{"source_call_id": name, "content": "x"}]}}  # fmt: skip

    (made,) = read(
        document(
            call("Skill", skill="pdf"),
            call("Read", file_path="/h/.claude/skills/docx/SKILL.md"),
            call("Bash", command="cat /h/.claude/skills/xlsx/SKILL.md"),
            call("Grep", pattern="/h/.claude/skills/none/SKILL.md"),
        )
    )
    assert [(e.skill, e.kind, e.trigger) for e in made.skill_events] == [
        ("pdf", "requested", "model"),
        ("pdf", "loaded", "model"),
        ("docx", "loaded", "inferred"),
        ("xlsx", "loaded", "inferred"),
    ]


def test_quotes_lead_to_their_exact_bytes(opened: Any) -> None:
    said = 'a "quote"\n\tä 😀 \\end'
    results = [{"source_call_id": said, "content": said + "!"}]
    (trace,) = opened(document(asked(said, results=results, message="M " + said)))
    for quote in ("M " + said, said, said + "!"):
        span = trace.locate(0, quote)
        assert span is not None
        assert trace.text(span) == quote


def test_nesting_without_end_is_cut() -> None:
    value = document({"source": "user", "message": "x"})
    for _ in range(60):
        value = document({"source": "user", "message": "x"}, subagent_trajectories=[value])
    (made,) = read(value)
    depth = 0
    while made.children:
        (made,) = made.children
        depth += 1
    assert depth == 32


_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_keys = st.sampled_from(
    ["source", "message", "tool_calls", "observation", "metrics", "extra", "timestamp", "step_id"]
)
_calls = st.lists(
    st.dictionaries(st.sampled_from(["tool_call_id", "function_name", "arguments"]), _values),
    max_size=3,
)
_steps = st.dictionaries(_keys, _values, max_size=5) | st.fixed_dictionaries(
    {
        "source": st.sampled_from(["agent", "user"]),
        "tool_calls": _calls | _values,
        "observation": st.fixed_dictionaries({"results": st.lists(_values, max_size=3) | _values}),
    }
)


@given(st.lists(_steps | _values, max_size=4) | _values, _values, _values)
def test_drifted_documents_never_raise(steps: Any, children: Any, final: Any) -> None:
    value = document(steps=steps, subagent_trajectories=children, final_metrics=final)
    source = SourceBytes.of_bytes(json.dumps(value).encode("utf-8", "surrogatepass"), "x")
    for made in Atif().skeleton([source]):
        for step in made.steps:
            raw = [source.read(span.offset, span.length) for span in step.raw]
            results = {
                call.id: [source.read(span.offset, span.length) for span in call.result]
                for call in step.tool_calls
            }
            assert len(Atif().body(step, raw, results).tool_calls) == len(step.tool_calls)


def test_trajectories_named_by_a_path_are_children(tmp_path: Path) -> None:
    def told(name: str, *steps: dict[str, Any], **more: Any) -> str:
        numbered = [step | {"step_id": at} for at, step in enumerate(steps, 1)]
        return json.dumps(
            {"schema_version": "ATIF-v1.7", "trajectory_id": name, "steps": numbered,
             "agent": {"name": "a", "version": "1"}} | more
        )  # fmt: skip

    def ref(path: str) -> dict[str, Any]:
        call = {"tool_call_id": "c", "function_name": "task", "arguments": {}}
        result = {"source_call_id": "c", "subagent_trajectory_ref": [{"trajectory_path": path}]}
        return {"source": "agent", "message": "", "tool_calls": [call],
                "observation": {"results": [result]}}  # fmt: skip

    user = {"source": "user", "message": "go"}
    folder = tmp_path / "run"
    (folder / "subagents").mkdir(parents=True)
    main = folder / "trajectory.json"
    main.write_text(
        told("main", user, ref("./subagents/one.json"), ref("../outside.json"),
             continued_trajectory_ref="trajectory.cont-1.json")
    )  # fmt: skip
    (folder / "subagents" / "one.json").write_text(told("one", user | {"message": "part"}))
    (folder / "trajectory.cont-1.json").write_text(told("more", user | {"message": "again"}))
    (tmp_path / "outside.json").write_text(told("outside", user))
    assert trace_files(folder) == [main]
    (trace,) = open_traces(main)
    with trace:
        assert [child.trajectory.id for child in trace.children] == ["one", "more"]
        steps = trace.trajectory.steps
        assert steps[1].tool_calls[0].sub == "one"
        assert steps[2].tool_calls[0].sub == "../outside.json"
        assert trace.children[0].body(0).text == "part"
        assert every_text_is_found(trace.children[1]) == 1
