"""``search`` and ``route``: which skills of a library fit one text, or each of a file of texts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    print_json,
    printable,
    progress,
)
from workbench.cli.skill_paths import library_at
from workbench.skills.search import PROFILES, SearchHit, SearchIndex

SUMMARY: dict[str, str] = {
    "search": "skills of a library that fit a text",
    "route": "ranked skills for each text of a file",
}

_TOP: Final = 10
_BAR: Final = 24
#: One line of queries may hold a long task description, but not a whole book.
_MAX_LINE: Final = 4 * 1024 * 1024


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``search`` or ``route``."""
    parser.add_argument("library", metavar="LIBRARY", help="a folder with skills")
    parser.add_argument(
        "--top", type=_positive, default=_TOP, metavar="N", help=f"how many (default: {_TOP})"
    )
    parser.add_argument(
        "--profile",
        choices=tuple(PROFILES),
        default="even",
        help="how name, description and body count: even, or task for long task texts (3:2:1)",
    )
    if command == "search":
        parser.add_argument("query", metavar="QUERY", help="words, a question or a task text")
        parser.add_argument(
            "--explain", action="store_true", help="show what each field adds, and its words"
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")
    else:
        parser.add_argument(
            "--queries",
            required=True,
            metavar="FILE",
            help='JSON lines {"id", "query"}; - reads standard input',
        )


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run ``search`` or ``route``; nothing found is no failure."""
    queries = list(_queries(args.queries)) if command == "route" else []
    index = SearchIndex(library_at(args.library).skills)
    if command == "route":
        _route(index, queries, args)
        return 0
    hits = index.search(_decodable(args.query), top=args.top, profile=args.profile)
    if args.format == "json":
        print_json(document("search", query=args.query, profile=args.profile, results=hits))
    else:
        _print_text(hits, args)
    return 0


class _Query(msgspec.Struct, frozen=True):
    id: str | int
    query: str


def _queries(argument: str) -> Iterator[_Query]:
    """Yield the queries of a file.

    Raises:
        UsageProblem: the file cannot be read, or a line is no query; says which.
    """
    try:
        content = sys.stdin.buffer.read() if argument == "-" else Path(argument).read_bytes()
    except OSError as problem:
        raise UsageProblem(f"Cannot read {argument}: {problem.strerror}.") from problem
    decoder = msgspec.json.Decoder(_Query)
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            if len(line) > _MAX_LINE:
                raise msgspec.DecodeError(f"it is longer than {_MAX_LINE // 1024 // 1024} MB")
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise UsageProblem(
                f'{argument}:{number}: not a query ({problem}). Write one {{"id": ..., "query": '
                '"..."}} a line.'
            ) from problem


def _route(index: SearchIndex, queries: list[_Query], args: argparse.Namespace) -> None:
    for number, query in enumerate(queries, start=1):
        progress(f"{number} of {len(queries)} queries")
        hits = index.search(query.query, top=args.top, profile=args.profile)
        line: dict[str, Any] = {
            "id": query.id,
            "skills": [printable(hit.skill) for hit in hits],
            "scores": [round(hit.score, 6) for hit in hits],
        }
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    progress("")


def _decodable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _print_text(hits: tuple[SearchHit, ...], args: argparse.Namespace) -> None:
    if not hits:
        print("No skill holds a word of it.")
        return
    best = hits[0].score
    for hit in hits:
        place = hit.skill if hit.skill != "." else hit.path
        print(f"{hit.rank:>3}. {coloured(for_terminal(hit.name), 'bold')}  {for_terminal(place)}")
        if args.explain:
            for match in hit.why:
                bar = "#" * max(1, round(_BAR * match.score / best))
                terms = for_terminal(", ".join(match.terms))
                print(f"     {match.field:<12}{match.score:>8.2f} {bar:<{_BAR}} {terms}")
    if args.explain:
        print("\nScores tell which fits better. They are no probability that a skill is right.")
