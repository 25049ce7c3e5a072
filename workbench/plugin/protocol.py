"""What the host writes to a worker: JSON lines on stdin, grants first."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from workbench.domain.job import EvalResult
from workbench.domain.model_call import Completion, ModelGrant, RefusalKind

#: Files of a run folder: the ``JobSpec``, and the ``Request`` alone for commands.
JOB_FILE = "job.json"
REQUEST_FILE = "request.json"


class Grants(Struct, frozen=True):
    """The first line: what must not be in a file or in the arguments."""

    secrets: dict[str, str] = {}
    models: dict[str, ModelGrant] = {}


class Handover(Struct, frozen=True):
    """Before the grants, to a worker that was started ahead: the job it does, and its home."""

    run_dir: str
    home: str


class HostMessage(Struct, frozen=True, tag_field="message"):
    """A later line."""


class CancelMessage(HostMessage, frozen=True, tag="cancel"):
    """Stop in good order."""


class EvalAnswer(HostMessage, frozen=True, tag="eval_result"):
    """The results for one ``EvalRequested``, or why there are none."""

    id: str
    results: tuple[EvalResult, ...] = ()
    refused: str = ""
    refusal: RefusalKind = ""


class LlmAnswer(HostMessage, frozen=True, tag="llm_result"):
    """What a model said to one ``LlmRequested``, or why it said nothing."""

    id: str
    completion: Completion = Completion()


Answer = EvalAnswer | LlmAnswer
Message = CancelMessage | EvalAnswer | LlmAnswer

_encoder = msgspec.json.Encoder()
_message_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_handover_decoder = msgspec.json.Decoder(Handover)
_grants_decoder = msgspec.json.Decoder(Grants)


def encode_message(message: Message | Grants | Handover) -> bytes:
    """Return a line with its line end."""
    return _encoder.encode(message) + b"\n"


def decode_message(line: bytes) -> Message:
    """Read a later line.

    Raises:
        msgspec.MsgspecError: it is no message this version knows.
    """
    return _message_decoder.decode(line)


def decode_handover(line: bytes) -> Handover:
    """Read the first line of a worker that was started ahead.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    return _handover_decoder.decode(line)


def decode_grants(line: bytes) -> Grants:
    """Read the first line.

    Raises:
        msgspec.MsgspecError: it holds no grants.
    """
    return _grants_decoder.decode(line)
