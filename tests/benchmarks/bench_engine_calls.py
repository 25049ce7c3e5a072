"""How long the map step of an engine takes beside the ideal: 20 calls at once to one endpoint.

The whole way: job in its own process, event, ``ModelService`` with its cache and redaction, the
openai client, a scripted endpoint that takes a while for each answer, and back. The ideal is what
the same calls take when nothing but the endpoint's time counts, measured in the same run: as many
plain threads, each with one request on a raw connection. Target: within 1.3 times the ideal.

    python -m tests.benchmarks.bench_engine_calls
"""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.plugins.engine_runs import REPORTS, failing
from tests.plugins.engine_runs import _skills as write_skills
from tests.plugins.engine_runs import _traces as write_traces
from workbench.domain.job import Event, LlmCall, LlmRequested, ModelInput, Request
from workbench.evolution.means import EngineServer, Means
from workbench.evolution.prepare import MeansChoice, prepared
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.evolution.variants import Variants
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ANY_ROLE
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled

TARGET = 1.3


class Measured(NamedTuple):
    """Seconds: the map step, the ideal beside it; and how many calls were open at once."""

    map_step: float
    ideal: float
    at_once: int

    @property
    def ratio(self) -> float:
        """How many times the ideal the step took."""
        return self.map_step / self.ideal


@contextmanager
def slow_endpoint(seconds: float) -> Iterator[tuple[str, list[int]]]:
    """Serve an answer after so many seconds; yield the address and the most calls open at once."""
    lock = threading.Lock()
    open_now, most = [0], [0]

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                open_now[0] += 1
                most[0] = max(most[0], open_now[0])
            time.sleep(seconds)
            with lock:
                open_now[0] -= 1
            text = json.dumps({"root_cause": "none", "reasoning": "", "edits": []})
            piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            rows = [
                piece | {"choices": [{"index": 0, "delta": {"content": text}}]},
                piece | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            ]
            body = b"".join(b"data: " + json.dumps(row).encode() + b"\n\n" for row in rows)
            body += b"data: [DONE]\n\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", most
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ideal_seconds(url: str, calls: int, body: bytes) -> float:
    """Return what so many calls at once take with a plain connection each."""
    parts = urlsplit(url)

    def ask(_: int) -> None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(calls) as pool:
        list(pool.map(int, range(calls)))  # the threads are there before the clock starts
        start = time.perf_counter()
        list(pool.map(ask, range(calls)))
        return time.perf_counter() - start


def measure(folder: Path, calls: int, seconds: float) -> Measured:
    """Run Trace2Skill-style over so many traces and time its map step."""
    traces = [failing(f"m{number:03d}") for number in range(calls)]
    with slow_endpoint(seconds) as (url, most):
        profile = EndpointProfile("slow", url, "m", concurrency=calls, retries=0)
        choice = MeansChoice(endpoints={ANY_ROLE: profile})
        with prepared(choice, folder / "cache") as means:
            step, sent = _map_step(folder, means, traces)
        at_once, most[0] = most[0], 0
        return Measured(step, ideal_seconds(url, calls, sent), at_once)


def _map_step(folder: Path, means: Means, traces: list[object]) -> tuple[float, bytes]:
    """Return the seconds from the first question to the last answer, and a request's body."""
    registry = Registry([bundled("plugins")], folder / "plugins.json")
    asked: list[float] = []
    answered: list[float] = []
    with JobRunner(folder / "runs") as runner:
        run_dir = runner.new_run("trace2skill_style")
        library = run_dir / "library"
        skills = write_skills(library, {"reports": {"SKILL.md": REPORTS}}, ())
        request = Request(
            job=run_dir.name,
            kind="evolver",
            library=str(library),
            skills=skills,
            traces=write_traces(run_dir / "traces", traces),  # type: ignore[arg-type]
            models=(ModelInput("proposer", "m"),),
        )
        snapshot = LibrarySnapshot(str(library), str(library), ("reports",), {})
        variants = Variants(snapshot, folder / "variants", lambda digest: None)
        server = EngineServer(means, variants)
        job = runner.start(
            registry.get("trace2skill_style"), request, "bench", services=server.services
        )
        body = b""
        while job.wait(0.002) is None:
            body = _noted(job.drain(), asked, answered) or body
        body = _noted(job.drain(), asked, answered) or body
        server.close()
    assert len(asked) == len(answered) == len(traces), (len(asked), len(answered), job.finished)
    return answered[-1] - asked[0], body


def _noted(events: list[Event], asked: list[float], answered: list[float]) -> bytes:
    """Note when questions and answers were seen; return the body of a question."""
    now, body = time.perf_counter(), b""
    for event in events:
        if isinstance(event, LlmRequested) and event.prompt is not None:
            asked.append(now)
            messages = [{"role": m.role, "content": m.content} for m in event.prompt.messages]
            body = json.dumps({"model": "m", "messages": messages, "stream": True}).encode()
        elif isinstance(event, LlmCall):
            answered.append(now)
    return body


def main(calls: int, seconds: float, rounds: int) -> bool:
    """Print the table; say whether the target was met."""
    print(f"{calls} calls at once, {seconds:g} s an answer, {rounds} rounds")
    ratios = []
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder), calls, seconds)
        ratios += [found.ratio] if number else []
        print(
            f"map step {found.map_step:6.3f} s   ideal {found.ideal:6.3f} s   "
            f"ratio {found.ratio:.2f}   open at once {found.at_once}"
            f"{'' if number else '   first of the program: the openai package is loaded meanwhile'}"
        )
    best = sorted(ratios)[len(ratios) // 2]
    print(f"median ratio {best:.2f}   target {TARGET}   {'met' if best <= TARGET else 'MISSED'}")
    return best <= TARGET


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    raise SystemExit(0 if main(arguments.calls, arguments.seconds, arguments.rounds) else 1)
