"""What ``evolve`` prints for several engines: one table, and what it can show."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.cli.console import coloured, document, one_line, print_json
from workbench.evolution.bakeoff import COLUMNS, BakeoffRow, cells_of, what_it_shows


def print_bakeoff(rows: Sequence[BakeoffRow], out: str, output: str) -> None:
    """Print the comparison: for each engine a block of labelled figures."""
    shows = what_it_shows(rows)
    if output == "json":
        print_json(document("evolve-bakeoff", rows=rows, shows=shows, out=out))
        return
    width = max(len(label) for label in COLUMNS)
    for row in rows:
        name, *cells = cells_of(row)
        print(coloured(one_line(name), "bold"))
        for label, text in zip(COLUMNS[1:], cells, strict=True):
            if text:
                print(f"  {label:<{width}}  {one_line(text)}")
    print()
    for sentence in shows:
        print(sentence)
    if any(row.proposals for row in rows):
        print(f"\nReview them: skill-workbench proposals list --store {out}")
