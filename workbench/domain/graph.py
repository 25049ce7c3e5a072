"""How skills hang together."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

NodeKind = Literal["skill", "tool", "program", "missing"]


class EdgeEvidence(Struct, frozen=True):
    """The line that shows an edge; ``path`` is relative to the library root."""

    path: str
    line: int
    text: str = ""


class GraphNode(Struct, frozen=True):
    """A skill, or a thing skills share."""

    id: str
    kind: NodeKind
    label: str


class GraphEdge(Struct, frozen=True):
    """A typed link from ``source`` to ``target``."""

    source: str
    target: str
    kind: str
    weight: float
    evidence: EdgeEvidence


class SkillGraph(Struct, frozen=True):
    """Nodes and edges with what analysis says of them."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    cycles: tuple[tuple[str, ...], ...] = ()
    components: tuple[tuple[str, ...], ...] = ()
    risks: tuple[tuple[str, ...], ...] = ()
