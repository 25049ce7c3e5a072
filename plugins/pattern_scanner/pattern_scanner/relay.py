"""Flows over files: what one file writes, another sends or runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pattern_scanner.model import Fact, Sighting
from pattern_scanner.places import SECRET_PATH

_TEMPORARY = re.compile(
    r"(?:/tmp|/var/tmp|/dev/shm|~?/?\.cache|%TEMP%|\$TMPDIR|tempdir)[/\\][\w.{}-]{2,80}"
)
_VAGUE = frozenset({"/tmp/output", "/tmp/out", "/tmp/test", "/tmp/file"})


def relay_sightings(facts: Iterable[Fact], texts: dict[str, str]) -> Iterator[Sighting]:
    """Yield relays: file A puts secrets or collected data into a path, file B sends that path.

    ``texts`` are the scripts by path; only scripts that are bundled count.
    """
    listed = [fact for fact in facts if fact.bundled]
    secrets = {fact.path: fact for fact in listed if fact.kind == "secrets"}
    senders = {fact.path: fact for fact in listed if fact.kind in ("network", "send")}
    runners = {fact.path: fact for fact in listed if fact.kind in ("shell", "evaluates")}
    written: dict[str, Fact] = {}
    for fact in listed:
        if fact.kind == "write":
            for match in _TEMPORARY.finditer(fact.target):
                written.setdefault(match.group(), fact)
    for place, fact in written.items():
        if place in _VAGUE:
            continue
        stem = place.split("{", 1)[0]
        for other, text in texts.items():
            if other == fact.path or len(stem) < 8 or stem not in text:
                continue
            if fact.path in secrets and other in senders:
                yield _sighting("relay", fact, senders[other], place, "sends it")
            elif other in runners and re.search(
                r"\b(?:exec|eval|b64decode|base64 -d|decrypt)\b", text
            ):
                yield _sighting("split-payload", fact, runners[other], place, "runs it")
            elif other in senders and SECRET_PATH.search(texts.get(fact.path, "")):
                yield _sighting("relay", fact, senders[other], place, "sends it")


def _sighting(rule: str, first: Fact, second: Fact, place: str, act: str) -> Sighting:
    return Sighting(
        rule, second.path, second.line, second.line,
        f"{first.path}:{first.line} writes {place}; {second.path}:{second.line} {act}",
        flow=((first.path, first.line, f"writes {place}"), (second.path, second.line, act)),
    )  # fmt: skip
