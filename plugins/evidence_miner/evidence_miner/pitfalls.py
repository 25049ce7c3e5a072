"""Detector 1: the same error, and the similar command that worked soon after it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from evidence_miner.commands import (
    MAX_QUOTE,
    Contrast,
    Part,
    contrast,
    first_line,
    is_tight,
    likeness,
    parts_of,
    without_redirects,
    words_of,
)
from evidence_miner.sessions import Action, Session, succeeded_after
from evidence_miner.signatures import names_in

#: Commands with credentials in them are never quoted in a skill.
_SECRET = re.compile(
    r"(?i)(?:api[_-]?key|token|passw(?:or)?d|secret|authorization|bearer)\s*[=:]\s*\S|"
    r"\b(?:sk-|ghp_|gho_|github_pat_|xox[bap]-|AKIA)[A-Za-z0-9_-]{8,}|://[^/\s:@]+:[^/\s@]+@"
)
#: A command with one of these can bring what an error says is missing.
_PROVIDING = frozenset(
    {"install", "add", "apt", "apt-get", "brew", "conda", "ln", "export", "link"}
)
#: The agreed fix must have mended this share of the failures, else it is one attempt among many.
_MIN_SHARE = 1 / 3
_MISSING_COMMAND = re.compile(r"^(\S+): command not found")


@dataclass(frozen=True)
class Pair:
    """A failure with the command that mended it.

    ``tight``: one is visibly the other, mended. ``repeated``: after the fix the failed command
    itself worked. ``left_out``: a program that is not there was done without.
    """

    failure: Action
    fix: Action
    shown: Contrast
    new_words: frozenset[str]
    task: str
    tight: bool
    repeated: bool = False
    left_out: str = ""


@dataclass(frozen=True)
class Pitfall:
    """One kind of error over all traces. ``pair`` is the example that is quoted."""

    signature: str
    pair: Pair
    failures: tuple[Action, ...]
    pairs: tuple[Pair, ...]
    tasks: tuple[str, ...]

    @property
    def traces(self) -> tuple[str, ...]:
        """The traces it was seen in."""
        return tuple(sorted({action.trace for action in self.failures}))


@dataclass(frozen=True)
class Thresholds:
    """When a repeated error is a lesson."""

    occurrences: int = 2
    similarity: float = 60.0
    window: int = 6


def find_pairs(session: Session, limits: Thresholds) -> list[Pair]:
    """Return the failures of a trace that a similar command mended within the window."""
    pairs: list[Pair] = []
    for action in session.actions:
        if not _is_lesson(action):
            continue
        pair = _mended(session, action, limits)
        if pair is not None:
            pairs.append(pair)
    return pairs


def mended_failures(session: Session, limits: Thresholds) -> list[tuple[Action, Action]]:
    """Return each failure that says why, with the most similar command that worked soon after.

    It is what was seen, and more than can be recommended: ``find_pairs`` keeps those whose
    difference can be named.
    """
    found: list[tuple[Action, Action]] = []
    for action in session.actions:
        if not action.failed or action.error is None or is_secret(action.command):
            continue
        scored = [
            (likeness(action.command, later.command), -later.order, later)
            for later in succeeded_after(session, action, limits.window)
        ]
        best = max(scored, key=lambda entry: entry[:2], default=None)
        if best is not None and best[0] >= limits.similarity:
            found.append((action, best[2]))
    return found


def find_pitfalls(sessions: Sequence[Session], limits: Thresholds) -> list[Pitfall]:
    """Return the errors that came back, with an agreed fix, sorted by how often.

    An error that was mended in different ways has no fix that can be recommended and is left out.
    """
    failures: dict[str, list[Action]] = {}
    pairs: dict[str, list[Pair]] = {}
    for session in sessions:
        for action in session.actions:
            if _is_lesson(action) and action.error is not None:
                failures.setdefault(action.error.signature, []).append(action)
        for pair in find_pairs(session, limits):
            assert pair.failure.error is not None
            pairs.setdefault(pair.failure.error.signature, []).append(pair)
    task_of = {session.id: session.task for session in sessions}
    found: list[Pitfall] = []
    for signature, mended in pairs.items():
        seen = failures[signature]
        agreed = _agreed(mended)
        if len(seen) < limits.occurrences or not agreed:
            continue
        if len(agreed) < len(seen) * _MIN_SHARE:
            continue
        example = min((pair for pair in agreed if pair.tight), key=_readability)
        tasks = tuple(sorted({task_of[one.trace] for one in seen}))
        found.append(Pitfall(signature, example, tuple(seen), tuple(agreed), tasks))
    return sorted(found, key=lambda one: (-len(one.failures), one.signature))


def is_secret(command: str) -> bool:
    """Whether a command has what looks like a credential in it."""
    return _SECRET.search(command) is not None


def _is_lesson(action: Action) -> bool:
    return (
        action.failed
        and action.error is not None
        and not action.error.infra
        and not action.error.exploring
        and not is_secret(action.command)
    )


def _mended(session: Session, failure: Action, limits: Thresholds) -> Pair | None:
    """Return the most similar command that worked, the first of equals.

    Where the very same command worked later, what stands between made the difference.
    """
    best: tuple[float, int, Action] | None = None
    for later in succeeded_after(session, failure, limits.window):
        if is_secret(later.command) or _fails_the_same(failure, later):
            continue
        if _is_same(later.command, failure.command):
            return _prepared(session, failure, later)
        score = likeness(failure.command, later.command)
        if score >= limits.similarity and (best is None or score > best[0]):
            best = (score, later.order, later)
    if best is None:
        return None
    assert failure.error is not None
    missing = _MISSING_COMMAND.match(failure.error.signature)
    names = names_in(failure.error.signature)
    shown = contrast(
        failure.command,
        best[2].command,
        missing=missing[1] if missing else "",
        names=names,
        error=failure.error.quote,
    )
    if shown is None or not _quotable(shown) or not _relates(failure, shown):
        return _without(session, failure, best[2], missing[1]) if missing else None
    new = words_of(best[2].command) - words_of(failure.command)
    if not new:
        return None
    return Pair(failure, best[2], shown, new, session.task, is_tight(shown.failed, shown.worked))


def _without(session: Session, failure: Action, later: Action, missing: str) -> Pair | None:
    """Return the pair of a command that does the same work without a program that is not there.

    It must work on what the missing program was called with.
    """
    calls = [part.text for part in parts_of(failure.command) if part.text.split()[0] == missing]
    line = first_line(later.command)
    if not calls or len(calls[0]) > MAX_QUOTE or "\n" in calls[0] or line == calls[0]:
        return None
    given = words_of(calls[0]) - {missing}
    shown = Contrast(calls[0], line)
    if not given & words_of(later.command) or not _quotable(shown):
        return None
    word = frozenset({f"without {missing}"})
    return Pair(failure, later, shown, word, session.task, True, left_out=missing)


def _is_same(one: str, other: str) -> bool:
    """Whether two commands do the same, whatever is done with their output."""
    if one == other:
        return True
    parts, others = _without_cd(one), _without_cd(other)
    plain = bool(parts) and bool(others) and "\n" not in one + other
    return plain and without_redirects(parts[0].text) == without_redirects(others[0].text)


def _without_cd(command: str) -> list[Part]:
    """Return the parts of a command; a change of folder at the start is that of every command."""
    return list(dropwhile(lambda part: part.text.startswith("cd "), parts_of(command)))


def _prepared(session: Session, failure: Action, again: Action) -> Pair | None:
    """Return the command between a failure and its repetition that names what was missing."""
    assert failure.error is not None
    names = names_in(failure.error.signature)
    between = session.actions[failure.order + 1 : again.order]
    for action in reversed(between):
        words = words_of(first_line(action.command))
        named = any(name.casefold() in word.casefold() for name in names for word in words)
        provides = named and words & _PROVIDING
        if not action.succeeded or not provides or is_secret(action.command):
            continue
        shown = Contrast(first_line(failure.command), first_line(action.command))
        if _quotable(shown) and shown.failed != shown.worked:
            new = words - words_of(failure.command)
            return Pair(failure, action, shown, new, session.task, True, repeated=True)
    return None


def _relates(failure: Action, shown: Contrast) -> bool:
    """Whether the quoted lines have to do with the error, where the error names anything."""
    assert failure.error is not None
    names = names_in(failure.error.signature)
    return not names or any(name in shown.failed or name in shown.worked for name in names)


def _fails_the_same(failure: Action, later: Action) -> bool:
    """Whether the later command only hides the error, or still calls what is not there."""
    if failure.error is None or failure.error.quote in later.output:
        return True
    missing = _MISSING_COMMAND.match(failure.error.signature)
    if missing is None:
        return False
    calls = rf"(?:^|[;&|(\n]\s*|\bsudo\s+){re.escape(missing[1])}\s"
    return re.search(calls, later.command) is not None


def _agreed(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs whose fixes share a word; a lone pair must be tight.

    A word that more than half of the fixes bring is the lesson. Without one the error was mended in
    different ways, and no fix can be recommended.
    """
    if len(pairs) == 1:
        return [pair for pair in pairs if pair.tight]
    counts = Counter(word for pair in pairs for word in pair.new_words)
    shared = {word for word, count in counts.items() if count >= 2 and count * 2 > len(pairs)}
    agreed = [pair for pair in pairs if pair.new_words & shared]
    return agreed if any(pair.tight for pair in agreed) else []


def _readability(pair: Pair) -> tuple[int, str, int]:
    return (len(pair.shown.failed) + len(pair.shown.worked), pair.failure.trace, pair.failure.step)


def _quotable(shown: Contrast) -> bool:
    return all(
        text and "\ufffd" not in text and "\x1b" not in text
        for text in (shown.failed, shown.worked)
    )


def tasks_in_words(tasks: Iterable[str], limit: int = 3) -> str:
    """Return some task names and how many more there are."""
    names = list(tasks)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
