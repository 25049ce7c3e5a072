"""A model server on loopback for programs that want one: it passes calls on, counts and caps them.

A command plugin, and an agent that a runner starts, get its address and a key of this run, never
the endpoint's own. What they send goes through the same budget and the same redaction as everything
else. It listens on 127.0.0.1 alone and knows two paths: models and chat completions.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from workbench.domain.model_call import ModelGrant
from workbench.llm.failures import failure_words
from workbench.llm.ledger import CHARACTERS_A_TOKEN, Ledger
from workbench.llm.profiles import EndpointProfile

#: A request longer than this is refused; no model reads as much.
_LARGEST = 64 << 20
#: Payment required: unlike 429 it is not tried again by clients.
_BUDGET_STATUS = 402


class ModelProxy:
    """Serves the endpoints of a run until it is closed; a context manager."""

    def __init__(
        self,
        by_role: Mapping[str, EndpointProfile],
        ledger: Ledger,
        redact: Callable[[str], str] | None = None,
    ) -> None:
        self._ledger = ledger
        self._redact = redact
        self._by_key = {secrets.token_urlsafe(24): (role, one) for role, one in by_role.items()}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="model-proxy"
        )
        self._thread.start()

    @property
    def grants(self) -> dict[str, ModelGrant]:
        """What a program is told, by role."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        return {
            role: ModelGrant(url, key, profile.model)
            for key, (role, profile) in self._by_key.items()
        }

    def close(self) -> None:
        """Stop listening; calls under way are cut."""
        self._server.shutdown()
        for client in self._clients.values():
            client.close()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> ModelProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What the handler asks

    def profile_of(self, authorization: str) -> EndpointProfile | None:
        """Return the endpoint a bearer key stands for."""
        key = authorization.removeprefix("Bearer ").strip()
        found = self._by_key.get(key)
        return found[1] if found is not None else None

    def passed_on(self, profile: EndpointProfile, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield the server's answer, piece by piece, and count it.

        Raises:
            BudgetRefusal: the call may not be made.
            Exception: whatever the client raises before the first piece.
        """
        sent = self._prepared(profile, body)
        expected = round(len(json.dumps(sent.get("messages", ""))) / CHARACTERS_A_TOKEN)
        most = _whole(sent.get("max_tokens")) or profile.max_output
        reserved = (expected + most, profile.price(expected, most))
        why_not = self._ledger.reserve(*reserved)
        if why_not:
            raise BudgetRefusal(why_not)
        usage = _Usage()
        try:
            model = str(sent.pop("model", "") or profile.model)
            messages = sent.pop("messages", [])
            completions = self._client(profile).chat.completions.with_streaming_response
            with completions.create(model=model, messages=messages, extra_body=sent) as answer:
                for piece in answer.iter_bytes():
                    usage.read(piece)
                    yield piece
        finally:
            taken = usage.taken if usage.taken is not None else expected * usage.answered
            given = usage.given if usage.given is not None else usage.size // 4
            self._ledger.settle(
                reserved,
                input_tokens=taken,
                output_tokens=given,
                usd=profile.price(taken, given),
                calls=int(usage.answered),
                estimated=usage.answered and usage.taken is None,
            )

    def _prepared(self, profile: EndpointProfile, body: dict[str, Any]) -> dict[str, Any]:
        sent = dict(body)
        sent["model"] = profile.model or sent.get("model", "")
        if _whole(sent.get("max_tokens")) is None and "max_completion_tokens" not in sent:
            sent["max_tokens"] = profile.max_output
        if sent.get("stream"):
            options = sent.get("stream_options")
            sent["stream_options"] = {
                **(options if isinstance(options, dict) else {}),
                "include_usage": True,
            }
        if self._redact is not None:
            sent["messages"] = _redacted(sent.get("messages", []), self._redact)
        return sent

    def _client(self, profile: EndpointProfile) -> Any:
        with self._lock:
            if profile.name not in self._clients:
                from openai import OpenAI

                self._clients[profile.name] = OpenAI(
                    base_url=profile.base_url,
                    api_key=profile.key() or "none",
                    timeout=profile.timeout_s,
                    max_retries=profile.retries,
                )
            return self._clients[profile.name]


class BudgetRefusal(Exception):  # noqa: N818 - the host's answer, in words
    """A call may not be made: the budget is spent."""


class _Usage:
    """What a server counted, read from its answer as it goes by."""

    def __init__(self) -> None:
        self.taken: int | None = None
        self.given: int | None = None
        self.size = 0
        self.answered = False
        self._rest = b""

    def read(self, piece: bytes) -> None:
        self.answered = True
        self.size += len(piece)
        lines = (self._rest + piece).split(b"\n")
        # The last line may go on; a whole JSON body is one line or many, and is tried at each end.
        self._rest = lines.pop()
        for line in (*lines, self._rest):
            if b'"usage"' in line:
                self._take(line.removeprefix(b"data:").strip())

    def _take(self, line: bytes) -> None:
        try:
            usage = json.loads(line).get("usage") or {}
        except (ValueError, AttributeError, RecursionError):
            return
        if isinstance(usage, dict):
            self.taken = _whole(usage.get("prompt_tokens"))
            self.given = _whole(usage.get("completion_tokens"))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(one, redact) for one in value]
    if isinstance(value, dict):
        return {key: _redacted(one, redact) for key, one in value.items()}
    return value


class _Server(ThreadingHTTPServer):
    def __init__(self, proxy: ModelProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    """One connection of a program."""

    @property
    def _proxy(self) -> ModelProxy:
        assert isinstance(self.server, _Server)
        return self.server.proxy

    def do_GET(self) -> None:
        profile = self._allowed()
        if profile is None:
            return
        if self.path.rstrip("/") != "/v1/models":
            self._say(404, f"There is no {self.path} here; ask /v1/chat/completions.")
            return
        models = [{"id": profile.model, "object": "model"}]
        self._send(200, json.dumps({"object": "list", "data": models}).encode())

    def do_POST(self) -> None:
        profile = self._allowed()
        if profile is None:
            return
        if self.path.rstrip("/") != "/v1/chat/completions":
            self._say(404, f"There is no {self.path} here; ask /v1/chat/completions.")
            return
        body = self._body()
        if body is None:
            return
        pieces = self._proxy.passed_on(profile, body)
        try:
            first = next(pieces, b"")
        except BudgetRefusal as refusal:
            self._say(_BUDGET_STATUS, str(refusal))
        except Exception as problem:
            # Whatever the endpoint did: the program gets words, its host goes on.
            self._say(502, failure_words(problem, profile))
        else:
            self._pass(first, pieces, streamed=bool(body.get("stream")))

    def _pass(self, first: bytes, pieces: Iterator[bytes], *, streamed: bool) -> None:
        self.send_response(200)
        kind = "text/event-stream" if streamed else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(first)
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
        except ConnectionError:
            raise
        except Exception:
            # The endpoint broke off: so does this answer, and the program sees it did.
            self.close_connection = True
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _allowed(self) -> EndpointProfile | None:
        profile = self._proxy.profile_of(self.headers.get("Authorization", ""))
        if profile is None:
            self._say(401, "This key is not one of this run.")
        return profile

    def _body(self) -> dict[str, Any] | None:
        size = self.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > _LARGEST:
            self._say(413, "The request has no length, or is too large.")
            return None
        try:
            body = json.loads(self.rfile.read(int(size)))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self._say(400, "The request is no JSON object.")
            return None
        return body

    def _say(self, status: int, words: str) -> None:
        self._send(status, json.dumps({"error": {"message": words}}).encode())

    def _send(self, status: int, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing on stderr: the journal has the calls."""
