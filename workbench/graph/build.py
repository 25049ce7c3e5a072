"""Put the graph of a library together."""

from __future__ import annotations

from workbench.domain.graph import EdgeEvidence, GraphEdge, GraphNode, NodeKind, SkillGraph
from workbench.domain.skill import Library
from workbench.graph.analysis import connected_components, dependency_cycles
from workbench.graph.edges.links import link_edges
from workbench.graph.edges.mentions import mention_edges
from workbench.graph.edges.names import SkillNames
from workbench.graph.edges.programs import KIND as USES
from workbench.graph.edges.programs import Use, uses_of
from workbench.graph.texts import skill_texts


def build_graph(library: Library) -> SkillGraph:
    """Return skills, what they share, and how they refer to each other.

    Reads the skills' files; run it off the event loop.
    """
    names = SkillNames(library.skills)
    edges: list[GraphEdge] = []
    uses: dict[tuple[NodeKind, str], list[tuple[str, Use]]] = {}
    for skill in library.skills:
        texts = list(skill_texts(skill))
        edges += mention_edges(skill, texts, names)
        edges += link_edges(skill, texts, names)
        for use in uses_of(skill, texts):
            uses.setdefault((use.kind, use.name), []).append((skill.id, use))
    nodes = [GraphNode(skill.id, "skill", skill.name or skill.id) for skill in library.skills]
    for (kind, name), users in sorted(uses.items()):
        if len(users) > 1:
            nodes.append(GraphNode(f"{kind}:{name}", kind, name))
            edges += (
                GraphEdge(skill_id, f"{kind}:{name}", USES, 1.0, use.evidence)
                for skill_id, use in users
            )
    edges.sort(key=lambda edge: (edge.source, edge.target, edge.kind))
    return SkillGraph(
        tuple(nodes),
        tuple(edges),
        cycles=dependency_cycles(edges),
        components=connected_components(nodes, edges),
    )


def with_risks(graph: SkillGraph, risks: tuple[tuple[str, ...], ...]) -> SkillGraph:
    """Return the graph with risk paths that ``security`` found (ids of skills along a path)."""
    return SkillGraph(graph.nodes, graph.edges, graph.cycles, graph.components, risks)


__all__ = ["EdgeEvidence", "build_graph", "with_risks"]
