"""What a library asks of a change before it is applied: ``.workbench/review.toml`` of the library.

It lies with the library, so that it holds for everybody and is changed in git, in sight of all.
Only what is written counts; without a file everything is as it always was. A file that cannot be
read to the last key forbids applying: a rule nobody understood must not be one nobody keeps::

    [approvals]
    people = 2                     # so many different people approve exactly this content (1)
    by = ["ann@example.org"]       # only these count (anybody)
    own_edits = false              # may who edited the text approve it (true)

    [gate]
    level = "promising"            # at least not_evaluated, promising or supported

    [evidence]
    quotes = "verified"            # any, found (none that is not in its trace) or verified (each
                                   # accepted hunk has one that is in its trace)
    [security]
    severity = "low"               # the worst new finding that may come in; "none" for none at all
    capabilities = false           # may a skill come to do what it did not do before (true)
    tier = "T2"                    # skills trusted more than this are not changed here

    [size]
    tokens = 300                   # so much may the instructions of a skill grow, in tokens
    percent = 20                   # and in per cent of what they were

    [files]
    programs = false               # may scripts and executable files change (true)
    deletions = false              # may files be deleted (true)

    [engines]
    allowed = ["evidence_miner"]   # only these propose (any)
    denied = ["other_engine"]      # these do not

    [commit]
    signed = true                  # the commit is signed with the key git is set up with (false)
    new_branch = true              # on a branch of its own, never on the current one (false)
"""

from __future__ import annotations

import difflib
import hashlib
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from workbench.domain.finding import Level
from workbench.files import FileProblem, confined
from workbench.review.plan import ReviewProblem

POLICY_FILE: Final = ".workbench/review.toml"
_MOST_BYTES: Final = 1 << 20

GateWanted = Literal["not_evaluated", "promising", "supported"]
Tier = Literal["T1", "T2", "T3", "T4"]


class Approvals(Struct, frozen=True, forbid_unknown_fields=True):
    """Who has to approve. ``by`` are e-mail addresses; empty for anybody."""

    people: int = 1
    by: tuple[str, ...] = ()
    own_edits: bool = True


class GateRule(Struct, frozen=True, forbid_unknown_fields=True):
    """The level that the tasks have to reach, None for any."""

    level: GateWanted | None = None


class EvidenceRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What the quotes behind a change have to be."""

    quotes: Literal["any", "found", "verified"] = "any"


class SecurityRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scan of exactly the selection may bring; None for anything."""

    severity: Level | Literal["none"] | None = None
    capabilities: bool = True
    tier: Tier | None = None

    @property
    def asks_scan(self) -> bool:
        """Whether a scan has to be made."""
        return self.severity is not None or not self.capabilities or self.tier is not None


class SizeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How much the instructions of one skill may grow; None for any."""

    tokens: int | None = None
    percent: float | None = None

    @property
    def asked(self) -> bool:
        """Whether anything has to be counted."""
        return self.tokens is not None or self.percent is not None


class FilesRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Which files may be touched at all."""

    programs: bool = True
    deletions: bool = True


class EnginesRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Ids of engines; ``allowed`` empty for any."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


class CommitRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is committed."""

    signed: bool = False
    new_branch: bool = False


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of a library; the default asks for nothing that was not always asked for."""

    version: int = 1
    approvals: Approvals = Approvals()
    gate: GateRule = GateRule()
    evidence: EvidenceRule = EvidenceRule()
    security: SecurityRule = SecurityRule()
    size: SizeRule = SizeRule()
    files: FilesRule = FilesRule()
    engines: EnginesRule = EnginesRule()
    commit: CommitRule = CommitRule()

    @property
    def hash(self) -> str:
        """The SHA-256 over the rules; comments, order and what is left out do not change it."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class PolicyFile(Struct, frozen=True):
    """The policy of a library and where it stands; ``lines`` are those of its keys, from 1.

    ``path`` is "" where the library has none and the default holds.
    """

    policy: Policy = Policy()
    path: str = ""
    lines: Mapping[str, int] = {}

    def line(self, key: str) -> int:
        """Return the line of a key such as "gate.level", else of its table, else 1."""
        return self.lines.get(key) or self.lines.get(key.partition(".")[0]) or 1


class PolicyProblem(ReviewProblem):
    """The policy cannot be read. The message says what, where (with the line) and what to do."""


def read_policy(library: Path) -> PolicyFile:
    """Read the policy of a library; without a file it is the default one.

    Raises:
        PolicyProblem: the file is a link, unreadable, no TOML, or says something that is no rule.
    """
    text = _text(library)
    if text is None:
        return PolicyFile()
    where = library / POLICY_FILE
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _broken(where, f"{problem}") from problem
    lines = dict(_key_lines(text))
    _check_keys(where, table, lines)
    try:
        policy = msgspec.convert(table, Policy)
    except msgspec.ValidationError as problem:
        said, _, place = str(problem).partition(" - at `$")
        key = re.sub(r"\[[^]]*\]", "", place.strip("`").lstrip("."))
        line = lines.get(key) or lines.get(key.partition(".")[0])
        raise _broken(
            where, f"{key or 'it'}{f' (line {line})' if line else ''}: {said}"
        ) from problem
    if wrong := _nonsense(policy):
        key, said = wrong
        raise _broken(where, f"{key} (line {lines.get(key, 1)}) {said}")
    return PolicyFile(policy, str(where), lines)


def _text(library: Path) -> str | None:
    path = library / POLICY_FILE
    try:
        found = confined(library, POLICY_FILE).lstat()
        if not stat.S_ISREG(found.st_mode):
            raise _broken(path, "it is no file")
        if found.st_size > _MOST_BYTES:
            raise _broken(path, "it is larger than a megabyte")
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as problem:
        raise _broken(path, f"it is no UTF-8 text (byte {problem.start})") from problem
    except FileProblem as problem:
        raise PolicyProblem(
            f"{problem} Nothing is applied until the policy of {library} can be read."
        ) from problem
    except OSError as problem:
        raise _broken(path, f"it cannot be read: {problem.strerror}") from problem


def _broken(path: Path, what: str) -> PolicyProblem:
    return PolicyProblem(
        f"{path} is no policy for reviews: {what.rstrip('.')}. Mend that line; nothing is applied "
        "until then, so that no rule is passed over."
    )


_TABLE = re.compile(r"\s*\[\s*([\w.\"' -]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")


def _key_lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield keys with their lines, good enough to lead a person there."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if named := _TABLE.match(line):
            table = _plain(named[1])
            yield table, number
        elif named := _KEY.match(line):
            key = _plain(named[1])
            yield (f"{table}.{key}" if table else key), number


def _plain(key: str) -> str:
    return ".".join(part.strip(" \"'") for part in key.split("."))


def _check_keys(where: Path, table: Mapping[str, Any], lines: Mapping[str, int]) -> None:
    """Refuse keys nobody knows: a slip, or a rule of a later version that is not kept here."""
    known = {field.name: field for field in msgspec.structs.fields(Policy)}
    for name, value in table.items():
        _check_key(where, name, known, lines, "")
        inner = known[name].type
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            fields = {field.name: field for field in msgspec.structs.fields(inner)}
            for key in value:
                _check_key(where, key, fields, lines, f"{name}.")
    if table.get("version", 1) != 1:
        raise _broken(where, f"it has version {table['version']}, and this program knows version 1")


def _check_key(
    where: Path, name: str, known: Mapping[str, object], lines: Mapping[str, int], prefix: str
) -> None:
    if name in known:
        return
    key = prefix + name
    line = lines.get(key)
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean {prefix}{near[0]}" if near else f"Known are {', '.join(known)}"
    raise _broken(where, f"{key}{f' (line {line})' if line else ''} is no rule. {hint}")


def _nonsense(policy: Policy) -> tuple[str, str] | None:
    """Return the key of a value that no change could ever keep, and why."""
    if not 1 <= policy.approvals.people <= 99:
        return "approvals.people", "has to be between 1 and 99"
    for mail in policy.approvals.by:
        if "@" not in mail:
            return "approvals.by", f"names '{mail}', which is no e-mail address"
    if policy.approvals.by and len(set(policy.approvals.by)) < policy.approvals.people:
        return "approvals.by", "names fewer people than approvals.people asks for"
    for key, number in (("tokens", policy.size.tokens), ("percent", policy.size.percent)):
        if number is not None and not 0 <= number < 1e12:
            return f"size.{key}", "has to be 0 or more"
    return None
