"""``graph``: how the skills of a library hang together."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workbench.cli.console import UsageProblem, document, print_json
from workbench.domain.graph import SkillGraph
from workbench.graph import build_graph
from workbench.graph.export import to_dot, to_graphml, to_svg
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError

SUMMARY = {"graph": "nodes and typed edges of a library, each edge with its line"}
_EXPORTS = {"graphml": to_graphml, "dot": to_dot, "svg": to_svg}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``graph``."""
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("--format", choices=["text", "json", *_EXPORTS], default="text")


def run_command(_: str, arguments: argparse.Namespace) -> int:
    """Print the graph."""
    try:
        library = read_library(arguments.library)
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem
    graph = build_graph(library)
    if arguments.format == "json":
        print_json(
            document(
                "graph",
                nodes=graph.nodes,
                edges=graph.edges,
                cycles=graph.cycles,
                components=graph.components,
                risks=graph.risks,
            )
        )
    elif arguments.format == "text":
        _print_text(graph)
    else:
        sys.stdout.write(_EXPORTS[arguments.format](graph))
    return 0


def _print_text(graph: SkillGraph) -> None:
    label = {node.id: node.label for node in graph.nodes}
    skills = [node for node in graph.nodes if node.kind == "skill"]
    counts = ((len(skills), "skill"), (len(graph.edges), "edge"), (len(graph.cycles), "circle"))
    print(", ".join(_count(number, word) for number, word in counts))
    for edge in graph.edges:
        place = f"{edge.evidence.path}:{edge.evidence.line}"
        print(f"  {label[edge.source]} {edge.kind} {label[edge.target]}   ({place})")
    for cycle in graph.cycles:
        print("  circle: " + " ↔ ".join(label[node] for node in cycle))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
