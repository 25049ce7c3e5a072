"""A scripted endpoint: a test double of an OpenAI-compatible server, on loopback.

It answers what the test wrote down; it says nothing about how a real model behaves.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What goes wrong instead of an answer: a status, a stream cut after some words, silence."""

    status: int = 0
    message: str = "scripted fault"
    retry_after: float | None = None
    cut: str | None = None
    silent_s: float = 0.0


Answer = Callable[[dict[str, Any]], str | Fault]


@contextmanager
def scripted_endpoint(answer: Answer, models: tuple[str, ...] = ("scripted-1",)) -> Iterator[str]:
    """Serve ``answer(request)`` as chat completions; yield the base URL."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(
                {"object": "list", "data": [{"id": name, "object": "model"} for name in models]}
            )

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = answer(request)
            if isinstance(text, Fault):
                self._fail(text)
            elif request.get("stream"):
                self._stream(text)
            else:
                self._send(_completion({"message": {"role": "assistant", "content": text}}))

        def _fail(self, fault: Fault) -> None:
            if fault.silent_s:
                time.sleep(fault.silent_s)
            if fault.cut is not None:
                self._stream(fault.cut, whole=False)
                return
            raw = json.dumps({"error": {"message": fault.message}}).encode()
            self.send_response(fault.status or 500)
            if fault.retry_after is not None:
                self.send_header("Retry-After", str(fault.retry_after))
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _send(self, value: dict[str, Any]) -> None:
            raw = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _stream(self, text: str, *, whole: bool = True) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for word in re.findall(r"\s*\S+|\s+", text):
                self._piece({"delta": {"role": "assistant", "content": word}})
            if whole:
                self._piece({"delta": {}, "finish_reason": "stop"})
                self.wfile.write(b"data: [DONE]\n\n")

        def _piece(self, choice: dict[str, Any]) -> None:
            part = _completion({"finish_reason": None, **choice})
            self.wfile.write(b"data: " + json.dumps(part).encode() + b"\n\n")

        def handle(self) -> None:
            """End quietly where the client hung up."""
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _completion(choice: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted-1",
        "choices": [{"index": 0, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
