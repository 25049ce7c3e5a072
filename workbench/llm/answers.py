"""A model's text as the JSON that was asked for: found, mended, and held to its schema.

Many servers ignore ``response_format`` and answer with prose around a fenced block, or with a comma
too many (evolution reference, section 6, November 2026). What cannot be mended is said in words, so
that the model can be asked once more with them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache

from json_repair import repair_json
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
#: Of a longer answer only so many characters are looked at; none that follows a schema is as long.
_LONGEST = 1 << 20
_SHOWN = 300
_checking = threading.Lock()


class AnswerProblem(Exception):  # noqa: N818 - a problem for a model or a person, in words
    """An answer is not what was asked for; the message says where it goes wrong."""


def check_schema(schema: Mapping[str, object]) -> None:
    """Raise ``AnswerProblem`` where the schema itself is none."""
    with _checking:  # twenty calls at once ask for one schema: it is looked at once
        words = _schema_problem(json.dumps(schema, sort_keys=True, default=repr))
    if words:
        raise AnswerProblem(f"the schema is not valid: {words}")


@lru_cache(maxsize=128)
def _schema_problem(text: str) -> str:
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as problem:
        return problem.message[:_SHOWN]
    return ""


def decoded_answer(text: str, schema: Mapping[str, object]) -> object:
    """Return the JSON value of an answer that follows the schema.

    Raises:
        AnswerProblem: there is none in it, or it does not follow the schema; in words.
    """
    problem: AnswerProblem | None = None
    for value in _values(text[:_LONGEST]):
        try:
            return _checked(value, schema)
        except AnswerProblem as found:
            problem = problem or found
    raise problem or AnswerProblem("there is no JSON in the answer")


def _checked(value: object, schema: Mapping[str, object]) -> object:
    # An empty registry: a "$ref" to somewhere else is an error, never a download.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        wrong = best_match(validator.iter_errors(value))
    except Exception as problem:
        # Whatever a reference or a pattern of a stranger's schema raises.
        raise AnswerProblem(f"the schema cannot be applied: {str(problem)[:_SHOWN]}") from problem
    if wrong is not None:
        raise AnswerProblem(_words(wrong))
    return value


def _words(wrong: ValidationError) -> str:
    place = "/".join(str(part) for part in wrong.absolute_path)
    return f"{'at ' + place + ': ' if place else ''}{wrong.message[:_SHOWN]}"


def _values(text: str) -> Iterator[object]:
    """Yield what may be meant, the likeliest first: as it is, fenced, from the first bracket."""
    pieces = [text.strip(), *(found.strip() for found in _FENCE.findall(text))]
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if starts:
        end = max(text.rfind("}"), text.rfind("]")) + 1
        pieces.append(text[min(starts) : end] if end > min(starts) else text[min(starts) :])
    for piece in pieces:
        try:
            yield json.loads(piece)
        except (ValueError, RecursionError):
            continue
    if starts:
        try:
            mended = repair_json(pieces[-1], return_objects=True)
        except (ValueError, RecursionError):
            return
        if mended not in ("", None):
            yield mended
