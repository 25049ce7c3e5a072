"""``graph``: how the skills of a library hang together."""

from __future__ import annotations

import argparse

from workbench.cli.console import document, one_line, print_json, print_utf8
from workbench.cli.skill_paths import library_at
from workbench.domain.graph import SkillGraph
from workbench.domain.text import counted
from workbench.graph import build_graph
from workbench.graph.export import to_dot, to_graphml, to_svg

SUMMARY = {"graph": "nodes and typed edges of a library, each edge with its line"}
_EXPORTS = {"graphml": to_graphml, "dot": to_dot, "svg": to_svg}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``graph``."""
    parser.add_argument("library", metavar="LIBRARY", help="folder of skills")
    parser.add_argument("--format", choices=["text", "json", *_EXPORTS], default="text")


def run_command(_: str, arguments: argparse.Namespace) -> int:
    """Print the graph."""
    graph = build_graph(library_at(arguments.library))
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
        print_utf8(_EXPORTS[arguments.format](graph))
    return 0


def _print_text(graph: SkillGraph) -> None:
    label = {node.id: node.label for node in graph.nodes}
    skills = [node for node in graph.nodes if node.kind == "skill"]
    counts = ((len(skills), "skill"), (len(graph.edges), "edge"), (len(graph.cycles), "circle"))
    print(", ".join(counted(number, word) for number, word in counts))
    for edge in graph.edges:
        place = f"{edge.evidence.path}:{edge.evidence.line}"
        print(one_line(f"  {label[edge.source]} {edge.kind} {label[edge.target]}   ({place})"))
    for cycle in graph.cycles:
        print(one_line("  circle: " + " ↔ ".join(label[node] for node in cycle)))
