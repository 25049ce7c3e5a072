"""What the shape of the graph says."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from workbench.domain.graph import GraphEdge, GraphNode, SkillGraph

#: Edges from skill to skill; "uses" leads to a shared node and closes no circle.
_BETWEEN_SKILLS = ("mentions", "links")


def dependency_cycles(edges: Iterable[GraphEdge]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of skills that refer to each other in a circle, sorted.

    These are the strongly connected components of more than one skill (Tarjan 1972, iterative).
    """
    targets: dict[str, list[str]] = {}
    for edge in edges:
        if edge.kind in _BETWEEN_SKILLS:
            targets.setdefault(edge.source, []).append(edge.target)
            targets.setdefault(edge.target, [])
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for root in sorted(targets):
        if root in index:
            continue
        work = [(root, iter(targets[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    groups.append(_pop_group(node, stack, on_stack))
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(targets[following])))
            elif following in on_stack:
                low[node] = min(low[node], index[following])
    return tuple(sorted(group for group in groups if len(group) > 1))


def _pop_group(node: str, stack: list[str], on_stack: set[str]) -> tuple[str, ...]:
    group = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        group.append(member)
        if member == node:
            return tuple(sorted(group))


def connected_components(
    nodes: Sequence[GraphNode], edges: Iterable[GraphEdge]
) -> tuple[tuple[str, ...], ...]:
    """Return groups of skills linked by mentions or links, the largest first.

    Shared tools do not join: nearly every skill uses a shell.
    """
    near = _neighbours(edge for edge in edges if edge.kind in _BETWEEN_SKILLS)
    seen: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for node in nodes:
        if node.kind != "skill" or node.id in seen:
            continue
        group = set(_within(near, node.id, None))
        seen |= group
        groups.append(tuple(sorted(group)))
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def neighbourhood(graph: SkillGraph, focus: str, depth: int = 1, limit: int = 120) -> SkillGraph:
    """Return the part of the graph within ``depth`` edges of ``focus``, at most ``limit`` nodes.

    The nearest nodes are kept; among equals those with the heaviest edges.
    """
    near = _neighbours(graph.edges)
    distance = _within(near, focus, depth)
    weight: dict[str, float] = {}
    for edge in graph.edges:
        weight[edge.source] = weight.get(edge.source, 0.0) + edge.weight
        weight[edge.target] = weight.get(edge.target, 0.0) + edge.weight
    kept = sorted(distance, key=lambda node: (distance[node], -weight.get(node, 0.0), node))
    chosen = set(kept[:limit])
    return SkillGraph(
        tuple(node for node in graph.nodes if node.id in chosen),
        tuple(edge for edge in graph.edges if edge.source in chosen and edge.target in chosen),
        cycles=tuple(cycle for cycle in graph.cycles if chosen.issuperset(cycle)),
        components=graph.components,
        risks=graph.risks,
    )


def distances(graph: SkillGraph, focus: str) -> dict[str, int]:
    """Return how many edges each reachable node is away from ``focus``."""
    return _within(_neighbours(graph.edges), focus, None)


def _neighbours(edges: Iterable[GraphEdge]) -> dict[str, set[str]]:
    near: dict[str, set[str]] = {}
    for edge in edges:
        near.setdefault(edge.source, set()).add(edge.target)
        near.setdefault(edge.target, set()).add(edge.source)
    return near


def _within(near: dict[str, set[str]], start: str, depth: int | None) -> dict[str, int]:
    distance = {start: 0}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        if depth is not None and distance[node] >= depth:
            continue
        for other in near.get(node, ()):
            if other not in distance:
                distance[other] = distance[node] + 1
                queue.append(other)
    return distance
