"""``tokens``: what skills cost by disclosure level, and the list of all against client budgets."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from workbench.cli.console import UsageProblem, coloured, document, for_terminal, print_json
from workbench.cli.skill_paths import skills_at
from workbench.skills.budgets import Budget, budget_of, listing_rules
from workbench.skills.problems import SkillError
from workbench.skills.tokenizers import (
    Tokenizer,
    default_tokenizer,
    find_tokenizer,
    tokenizer_choices,
)
from workbench.skills.tokens import SkillCost, cost_of

SUMMARY: dict[str, str] = {"tokens": "what skills cost in tokens, by level and by heading"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``tokens``."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a skill folder, a SKILL.md, or a library"
    )
    choices = ", ".join(
        one.id if one.available else f"{one.id} (needs {one.package})"
        for one in tokenizer_choices()
    )
    parser.add_argument(
        "--tokenizer",
        metavar="ID",
        help=f"how to count: {choices} (default: {default_tokenizer().id})",
    )
    parser.add_argument(
        "--window",
        type=_positive,
        metavar="TOKENS",
        help="context window that the clients' listing budgets are taken of",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _positive(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of tokens above 0")
    return number


def run_command(_: str, args: argparse.Namespace) -> int:
    """Print the costs."""
    try:
        tokenizer = find_tokenizer(args.tokenizer) if args.tokenizer else default_tokenizer()
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem
    skills = skills_at(args.paths)
    costs = [cost_of(skill, tokenizer) for skill in skills]
    budgets = [budget_of(skills, client, window=args.window) for client in listing_rules()]
    if args.format == "json":
        print_json(_document(tokenizer, costs, budgets))
    else:
        _print_text(tokenizer, costs, budgets)
    return 0


def _document(
    tokenizer: Tokenizer, costs: Sequence[SkillCost], budgets: Sequence[Budget]
) -> dict[str, Any]:
    return document(
        "tokens",
        tokenizer=tokenizer.id,
        tokenizer_title=tokenizer.title,
        tokenizer_source=tokenizer.source,
        estimate=tokenizer.estimate,
        skills=costs,
        budgets=budgets,
    )


def _print_text(
    tokenizer: Tokenizer, costs: Sequence[SkillCost], budgets: Sequence[Budget]
) -> None:
    kind = "Estimate" if tokenizer.estimate else "Count"
    print(f"{kind}: {tokenizer.title} ({tokenizer.source})")
    print(f"{'every turn':>11} {'on load':>9} {'on demand':>10}  skill")
    for cost in sorted(costs, key=lambda cost: -cost.body):
        print(
            f"{cost.catalogue:>11,} {cost.body:>9,} {cost.resources:>10,}  "
            f"{for_terminal(cost.name)}"
        )
    if len(costs) > 1:
        sums = [sum(getattr(cost, level) for cost in costs) for level in _LEVELS]
        print(f"{sums[0]:>11,} {sums[1]:>9,} {sums[2]:>10,}  all {len(costs)}")
    else:
        _print_parts(costs[0])
    print("\nThe list of all skills, in characters:")
    for budget in budgets:
        _print_budget(budget)


#: Names of skills that a line of text lists at most.
_NAMES = 8
_LEVELS = ("catalogue", "body", "resources")


def _print_parts(cost: SkillCost) -> None:
    print("\nOn load, by heading:")
    for heading in cost.headings:
        title = heading.title or "(before the first heading)"
        indent = "  " * max(0, heading.level - 1)
        print(f"{heading.tokens:>11,}  line {heading.line:<5} {indent}{for_terminal(title)}")
    if cost.files:
        print("\nOn demand, by file:")
    for file in cost.files:
        tokens = "not text" if file.tokens is None else f"{file.tokens:,}"
        print(f"{tokens:>11}  {for_terminal(file.path)}")


def _print_budget(budget: Budget) -> None:
    over = budget.used > budget.limit
    verdict = coloured("too long", "red") if over else coloured("fits", "green")
    print(f"  {budget.client}: {budget.used:,} of {budget.limit:,}, {verdict}")
    lost = "lose their description" if budget.overflow == "names-only" else "are left out"
    if budget.dropped:
        print(f"    {len(budget.dropped)} {lost}: {_names(budget.dropped)}")
    if budget.shortened:
        print(f"    {len(budget.shortened)} are shortened: {_names(budget.shortened)}")
    if budget.hidden:
        print(f"    {len(budget.hidden)} are not listed by their own wish: {_names(budget.hidden)}")
    print(coloured(f"    {budget.assumption} Source: {budget.source}.", "dim"))


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES])
    more = len(names) - _NAMES
    return for_terminal(shown) + (f" and {more} more (--format json names all)" if more > 0 else "")
