"""How skills hang together: typed edges, each with the line that shows it."""

from workbench.graph.build import build_graph

__all__ = ["build_graph"]
