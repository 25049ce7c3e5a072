"""The cost of a run as a formula in a manifest: read by a parser of our own, never executed.

``cost_formula = "calls = n + merges(n, merge_size) + n / 2 + 3"``: statements are divided by
``;`` or line ends. Results are ``calls``, ``runs`` (of tasks), ``input_tokens``,
``output_tokens``; other names on the left are helpers. On the right stand numbers, ``+ - * /``,
parentheses, the functions below, settings of the plugin that are numbers, and what the host knows:

``n`` traces, ``t`` tasks of train, ``v`` tasks of val, ``f`` families of tasks, ``s`` skills,
``d`` documents, ``p`` proposals wanted at most, ``trace_tokens`` of all traces together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

RESULTS = ("calls", "runs", "input_tokens", "output_tokens")
#: What the host knows before a run.
KNOWN = ("n", "t", "v", "f", "s", "d", "p", "trace_tokens")
_LONGEST = 2000
_DEEPEST = 40
_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|[A-Za-z_]\w*|[-+*/(),=])")

#: A value that is worked out once the names are known.
Term = Callable[[Mapping[str, float]], float]


class FormulaProblem(ValueError):  # noqa: N818 - a problem for a person, in words
    """A formula cannot be read or worked out; the message says where it goes wrong."""


def merges(count: float, size: float) -> float:
    """Return how many calls merge ``count`` things, ``size`` at a time, down to one."""
    if size < 2:
        raise FormulaProblem("merges() needs at least two things in one call")
    calls, left = 0, math.ceil(count)
    while left > 1:
        left = math.ceil(left / size)
        calls += left
    return calls


_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "ceil": (1, math.ceil),
    "floor": (1, math.floor),
    "min": (2, min),
    "max": (2, max),
    "merges": (2, merges),
}


@dataclass(frozen=True, slots=True)
class CostFormula:
    """A formula that was read; ``work_out`` gives its results."""

    statements: tuple[tuple[str, Term], ...]

    def work_out(self, known: Mapping[str, float]) -> dict[str, float]:
        """Return the results it names, none below zero.

        Raises:
            FormulaProblem: a name has no value, or it divides by zero.
        """
        values = dict(known)
        for name, term in self.statements:
            try:
                values[name] = term(values)
            except (ZeroDivisionError, OverflowError) as problem:
                raise FormulaProblem(f"'{name}' cannot be worked out: {problem}") from problem
        return {name: max(0.0, values[name]) for name, _ in self.statements if name in RESULTS}


def parse_formula(text: str) -> CostFormula:
    """Read a formula.

    Raises:
        FormulaProblem: it is none.
    """
    if len(text) > _LONGEST:
        raise FormulaProblem(f"it is longer than {_LONGEST} characters")
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    statements = tuple(_Reader(part).statement() for part in parts)
    if not any(name in RESULTS for name, _ in statements):
        raise FormulaProblem(f"it gives none of {', '.join(RESULTS)}")
    return CostFormula(statements)


class _Reader:
    """Reads one statement from left to right; products bind closer than sums."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        self._at = 0
        self._depth = 0
        place = 0
        text = text.strip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise FormulaProblem(f"'{text[place : place + 12]}' is not understood")
            self._tokens.append(match[1])
            place = match.end()

    def statement(self) -> tuple[str, Term]:
        name = self._take()
        if not name.isidentifier():
            raise FormulaProblem(f"'{name}' stands where a name is expected, as in 'calls = n'")
        self._expect("=")
        term = self._sum()
        if self._next():
            raise FormulaProblem(f"'{self._next()}' stands where the formula should end")
        return name, term

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        if not token:
            raise FormulaProblem("it ends too early")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._take()
        if token != wanted:
            raise FormulaProblem(f"'{token}' stands where '{wanted}' is expected")

    def _sum(self) -> Term:
        term = self._product()
        while self._next() in ("+", "-"):
            term = _both(self._take(), term, self._product())
        return term

    def _product(self) -> Term:
        term = self._single()
        while self._next() in ("*", "/"):
            term = _both(self._take(), term, self._single())
        return term

    def _single(self) -> Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaProblem("its parentheses are too deep")
        try:
            return self._bare()
        finally:
            self._depth -= 1

    def _bare(self) -> Term:
        token = self._take()
        if token == "(":
            term = self._sum()
            self._expect(")")
            return term
        if token == "-":
            return _both("-", _number(0.0), self._single())
        if token[0].isdigit():
            return _number(float(token))
        if not token.isidentifier():
            raise FormulaProblem(f"'{token}' stands where a value is expected")
        return self._call(token) if self._next() == "(" else _named(token)

    def _call(self, name: str) -> Term:
        if name not in _FUNCTIONS:
            raise FormulaProblem(
                f"there is no function '{name}' (there are {', '.join(_FUNCTIONS)})"
            )
        count, function = _FUNCTIONS[name]
        self._expect("(")
        arguments = [self._sum()]
        while self._next() == ",":
            self._take()
            arguments.append(self._sum())
        self._expect(")")
        if len(arguments) != count:
            raise FormulaProblem(f"{name}() takes {count} values")
        return lambda known: float(function(*(one(known) for one in arguments)))


def _number(value: float) -> Term:
    return lambda _known: value


def _named(name: str) -> Term:
    def value(known: Mapping[str, float]) -> float:
        if name not in known:
            raise FormulaProblem(f"'{name}' is not known")
        return known[name]

    return value


def _both(sign: str, left: Term, right: Term) -> Term:
    if sign == "+":
        return lambda known: left(known) + right(known)
    if sign == "-":
        return lambda known: left(known) - right(known)
    if sign == "*":
        return lambda known: left(known) * right(known)
    return lambda known: left(known) / right(known)
