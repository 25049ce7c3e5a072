"""Inspect AI: archives of every layout and packing, journals, JSON logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.inspect_logs import (
    HEADER,
    LONG,
    MESSAGES,
    SHELL,
    START,
    chunks,
    events,
    sample,
    zipped,
)
from tests.unit.traces.opening import every_text_is_found, ignored, opened, opened_all
from workbench.domain.trajectory import Step
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import first_screen
from workbench.traces.open import detect, open_source, open_traces
from workbench.traces.zip_members import Archive


def _archive(method: str, layout: str = "whole") -> bytes:
    members: dict[str, Any] = {"_journal/start.json": START}
    members |= {"samples/a_epoch_1.json": sample()} if layout == "whole" else chunks()
    return zipped(members | {"header.json": HEADER}, method)


def _facts(step: Step) -> tuple[Any, ...]:
    calls = [(one.name, one.argument, one.status, one.duration_s) for one in step.tool_calls]
    return (step.kind, step.label, step.preview, step.time, step.model, step.metrics, calls)


_SHAPES = [("deflate", "whole"), ("stored", "whole"), ("zstd", "whole"), ("zstd", "chunked")]


@pytest.mark.parametrize(("method", "layout"), _SHAPES)
def test_every_packing_and_layout_gives_the_same_steps(
    tmp_path: Path, method: str, layout: str
) -> None:
    with opened(tmp_path, _archive(method, layout), "log.eval") as trace:
        made = trace.trajectory
        assert made.format == "inspect-ai"
        assert [(step.kind, step.label) for step in made.steps] == [
            ("user", ""),
            ("agent", ""),
            ("agent", ""),
            ("event", "model"),
            ("event", "score"),
            ("event", "event/never_seen"),
        ]
        assert (made.id, made.agent, made.model) == ("a_epoch_1", "Inspect: react", "openai/m")
        assert (made.format_version, made.session) == ("0.3.285", "run-1")
        assert (made.outcome.status, made.outcome.reward) == ("pass", 1.0)
        assert (made.totals.input, made.totals.cached, made.totals.output) == (30, 10, 4)
        (call,) = made.steps[1].tool_calls
        assert (call.argument, call.status, call.duration_s) == ("ls", "ok", 1.5)
        assert made.steps[1].metrics is not None
        assert made.steps[1].metrics.input == 15
        assert trace.body(1).tool_calls[0].observation == LONG
        assert trace.body(1).reasoning == "hm"
        assert made.complete
        assert ignored(trace)["event/never_seen"] == 1
        assert every_text_is_found(trace) >= 7
        plain = next(iter(open_traces(_plain(tmp_path))))
        with plain:
            assert [_facts(s) for s in made.steps] == [_facts(s) for s in plain.trajectory.steps]


def _plain(folder: Path) -> Path:
    path = folder / "plain.json"
    path.write_text(json.dumps(HEADER | {"samples": [sample()]}))
    return path


def test_evidence_leads_into_the_member(tmp_path: Path) -> None:
    with opened(tmp_path, _archive("zstd", "chunked"), "log.eval") as trace:
        span = trace.locate(1, "kept as an attachment")
        assert span is not None
        path = trace.trajectory.sources[span.source].path
        assert path == f"{tmp_path}/log.eval!samples/a_epoch_1/attachments/0.json"
        with open_source(path) as source:
            assert source.read(span.offset, span.length) == b"kept as an attachment"


def test_both_layouts_in_one_log_are_read_one_by_one(tmp_path: Path) -> None:
    members = {"samples/a_epoch_2.json": sample(2)} | chunks(1) | {"header.json": HEADER}
    with opened_all(tmp_path, zipped(members, "zstd"), "log.eval") as traces:
        assert {trace.trajectory.id for trace in traces} == {"a_epoch_1", "a_epoch_2"}
        for _ in range(2):  # each body loads its own sample again
            for trace in traces:
                assert trace.body(1).text == "I look."
        held = [source for trace in traces for source in trace._sources if source.data]
        assert len({str(source.path) for source in held}) <= 2  # the archive, one member
    assert len(first_screen(tmp_path / "log.eval").steps) == 6


def test_a_log_without_header_opens_from_its_journal(tmp_path: Path) -> None:
    members = {"_journal/start.json": START, "samples/a_epoch_1.json": sample()}
    with opened(tmp_path, zipped(members, "deflate"), "log.eval") as trace:
        assert trace.trajectory.model == "openai/m"
        assert not trace.trajectory.complete
        assert len(trace.trajectory.steps) == 6


def test_an_evaluation_that_only_began_is_shown(tmp_path: Path) -> None:
    with opened(tmp_path, zipped({"_journal/start.json": START}, "zstd"), "log.eval") as trace:
        assert [step.label for step in trace.trajectory.steps] == ["eval"]
        assert trace.trajectory.outcome.reason == "unfinished"
        assert '"task": "pick"' in trace.body(0).text


@pytest.mark.parametrize("cut", [30, 50])
def test_an_archive_cut_in_its_first_member_says_so(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(_archive("zstd")[:cut])
    assert detect(path) is None
    with pytest.raises(TraceError):
        open_traces(path)


@pytest.mark.parametrize("method", ["deflate", "zstd"])
def test_a_cut_archive_opens_with_the_samples_that_are_whole(tmp_path: Path, method: str) -> None:
    whole = zipped(
        {
            "_journal/start.json": START,
            "samples/a_epoch_1.json": sample(),
            "samples/a_epoch_2.json": sample(2),
            "header.json": HEADER,
        },
        method,
    )
    second = whole.index(b"samples/a_epoch_2.json")
    for end in (second + 60, whole.index(b"header.json") + 20, whole.rindex(b"PK\x01\x02") + 4):
        path = tmp_path / f"cut-{end}.eval"
        path.write_bytes(whole[:end])
        traces = open_traces(path)
        try:
            names = [trace.trajectory.id for trace in traces]
            assert names == (["a_epoch_1", "a_epoch_2"] if end > second + 60 else ["a_epoch_1"])
            assert traces[0].trajectory.model == "openai/m"
            assert traces[0].body(1).text == "I look."
        finally:
            for trace in traces:
                trace.close()


def test_samples_alone_are_a_log_when_the_archive_is_cut(tmp_path: Path) -> None:
    whole = zipped({"samples/a_epoch_1.json": sample(), "header.json": HEADER}, "zstd")
    with opened(tmp_path, whole[: whole.index(b"header.json") - 10], "log.eval") as trace:
        assert not trace.trajectory.complete
        assert len(trace.trajectory.steps) == 6


@pytest.mark.parametrize("method", ["deflate", "zstd"])
def test_a_damaged_member_is_told_by_its_checksum(tmp_path: Path, method: str) -> None:
    data = bytearray(_archive(method))
    at = data.index(b"samples/a_epoch_1.json") + 60
    data[at : at + 4] = b"\0\0\0\0"
    path = tmp_path / "log.eval"
    path.write_bytes(data)
    with pytest.raises(TraceError, match="damaged"):
        open_traces(path)


def test_a_damaged_sample_does_not_hide_the_others(tmp_path: Path) -> None:
    samples = {f"samples/a_epoch_{epoch}.json": sample(epoch) for epoch in (1, 2, 3)}
    data = bytearray(zipped({"_journal/start.json": START, **samples}, "deflate"))
    at = data.index(b"samples/a_epoch_2.json") + 60
    data[at : at + 4] = b"\0\0\0\0"
    with opened_all(tmp_path, bytes(data), "log.eval") as traces:
        assert [len(trace.trajectory.steps) for trace in traces] == [6, 0, 6]
        lost = traces[1].trajectory
        assert (lost.id, lost.complete) == ("a_epoch_2", False)
        assert "damaged" in lost.outcome.reason
        assert traces[2].body(1).text == "I look."


def test_a_member_never_unpacks_to_more_than_the_directory_says(tmp_path: Path) -> None:
    bomb = zipped({"header.json": b"0" * 5_000_000}, "zstd")
    size = (5_000_000).to_bytes(4, "little")
    path = tmp_path / "bomb.eval"
    path.write_bytes(bomb.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(TraceError, match="damaged"):
        Archive(path).read("header.json")


def test_another_archive_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(zipped({"a.txt": b"hello"}, "deflate"))
    assert detect(path) is None


def _log(**more: Any) -> dict[str, Any]:
    return HEADER | {"samples": [SHELL | {"messages": MESSAGES} | more]}


@pytest.mark.parametrize(
    ("more", "status", "reward"),
    [
        ({"scores": {"s": {"value": "I"}}}, "fail", 0.0),
        ({"scores": {"s": {"value": 0.25}}}, "partial", 0.25),
        ({"scores": {"s": {"value": True}}}, "pass", 1.0),
        ({"scores": {}}, "unknown", None),
        ({"scores": {}, "error": {"message": "docker died"}}, "infra", None),
        ({"scores": {"s": {"value": "I"}}, "limit": {"type": "time"}}, "timeout", 0.0),
    ],
)
def test_the_outcome_is_the_verdict_of_the_scorer(
    tmp_path: Path, more: dict[str, Any], status: str, reward: float | None
) -> None:
    with opened(tmp_path, _log(**more)) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == (status, reward)


def test_messages_alone_are_enough(tmp_path: Path) -> None:
    with opened(tmp_path, _log()) as trace:
        assert [s.kind for s in trace.trajectory.steps] == ["user", "agent", "agent", "event"]
        assert trace.trajectory.steps[1].tool_calls[0].status == "ok"
        assert every_text_is_found(trace) >= 5


def test_events_alone_are_enough(tmp_path: Path) -> None:
    told = sample() | {"messages": []}
    with opened(tmp_path, HEADER | {"samples": [told]}) as trace:
        steps = [(step.kind, step.preview) for step in trace.trajectory.steps[:3]]
        assert steps == [("user", "Pick one"), ("agent", "I look."), ("agent", "This.")]
        assert trace.body(1).tool_calls[0].observation == LONG


def test_errors_of_tools_and_calls_beside_the_conversation(tmp_path: Path) -> None:
    told = events("")
    told[3]["error"] = {"type": "timeout", "message": "too slow"}
    side = {"id": "x1", "role": "assistant", "content": "a subagent speaks"}
    told.insert(4, {"event": "model", "model": "o", "output": {"choices": [{"message": side}]},
                    "input": [{"id": "x0", "role": "user", "content": "do a part"}]})  # fmt: skip
    with opened(tmp_path, _log(events=told)) as trace:
        steps = trace.trajectory.steps
        assert steps[1].tool_calls[0].status == "error"
        assert trace.body(1).tool_calls[0].observation == "too slow"
        assert [(s.kind, s.preview, s.flags) for s in steps[2:4]] == [
            ("context", "do a part", ("sidechain",)),
            ("agent", "a subagent speaks", ("sidechain",)),
        ]
        assert every_text_is_found(trace) >= 7
