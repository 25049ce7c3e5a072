"""The graph in formats of other programs: GraphML, DOT and SVG."""

from __future__ import annotations

import re
from xml.sax import saxutils

from workbench.domain.graph import SkillGraph
from workbench.graph.layout import grid

_FILL = {"skill": "#dbe7ff", "tool": "#e6f4e6", "program": "#fdf0d5", "missing": "#fbdada"}

#: What XML 1.0 cannot hold, and DOT tools do not read: control characters and lone surrogates.
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_graphml(graph: SkillGraph) -> str:
    """Return GraphML 1.0 with kind, weight and the evidence of each edge."""
    keys = [
        ("node", "kind", "string"),
        ("node", "label", "string"),
        ("edge", "kind", "string"),
        ("edge", "weight", "double"),
        ("edge", "path", "string"),
        ("edge", "line", "int"),
    ]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'  <key id="{part}_{name}" for="{part}" attr.name="{name}" attr.type="{type_}"/>'
            for part, name, type_ in keys
        ),
        '  <graph edgedefault="directed">',
    ]
    for node in graph.nodes:
        lines.append(
            f"    <node id={_quoted(node.id)}>"
            f'<data key="node_kind">{_escape(node.kind)}</data>'
            f'<data key="node_label">{_escape(node.label)}</data></node>'
        )
    for edge in graph.edges:
        lines.append(
            f"    <edge source={_quoted(edge.source)} target={_quoted(edge.target)}>"
            f'<data key="edge_kind">{_escape(edge.kind)}</data>'
            f'<data key="edge_weight">{edge.weight}</data>'
            f'<data key="edge_path">{_escape(edge.evidence.path)}</data>'
            f'<data key="edge_line">{edge.evidence.line}</data></edge>'
        )
    return "\n".join([*lines, "  </graph>", "</graphml>", ""])


def to_dot(graph: SkillGraph) -> str:
    """Return the graph in the language of Graphviz."""
    lines = ["digraph skills {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled"];']
    for node in graph.nodes:
        lines.append(
            f"  {_dot(node.id)} [label={_dot(node.label)}, fillcolor={_dot(_FILL[node.kind])}];"
        )
    for edge in graph.edges:
        tip = f"{edge.evidence.path}:{edge.evidence.line}"
        lines.append(
            f"  {_dot(edge.source)} -> {_dot(edge.target)} "
            f"[label={_dot(edge.kind)}, tooltip={_dot(tip)}];"
        )
    return "\n".join([*lines, "}", ""])


def _plain(text: str) -> str:
    """Return the text with what the formats cannot hold as its code in hex."""
    return _NO_TEXT.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _escape(text: str) -> str:
    """Return the text for the content of an XML element."""
    return saxutils.escape(_plain(text))


def _quoted(text: str) -> str:
    """Return the text as the value of an XML attribute, with its quotes."""
    return saxutils.quoteattr(_plain(text))


def _dot(text: str) -> str:
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def to_svg(graph: SkillGraph) -> str:
    """Return a drawing of the whole graph: components as blocks, edges as lines with a title."""
    places = {place.node: place for place in grid(graph)}
    width = max((place.x for place in places.values()), default=0.0) + 220
    height = max((place.y for place in places.values()), default=0.0) + 80
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 {width:.0f} {height:.0f}" '
        'font-family="sans-serif" font-size="12">'
    ]
    for edge in graph.edges:
        a, b = places[edge.source], places[edge.target]
        lines.append(
            f'  <line x1="{a.x + 90:.0f}" y1="{a.y + 18:.0f}" x2="{b.x + 90:.0f}" '
            f'y2="{b.y + 18:.0f}" stroke="#9aa4b2"><title>'
            f"{_escape(f'{edge.kind}: {edge.evidence.path}:{edge.evidence.line}')}</title></line>"
        )
    for node in graph.nodes:
        place = places[node.id]
        label = node.label if len(node.label) <= 26 else node.label[:25] + "…"
        lines.append(
            f'  <g><rect x="{place.x:.0f}" y="{place.y:.0f}" width="180" height="36" rx="6" '
            f'fill="{_FILL[node.kind]}" stroke="#5b6675"/><text x="{place.x + 90:.0f}" '
            f'y="{place.y + 22:.0f}" text-anchor="middle">{_escape(label)}</text>'
            f"<title>{_escape(node.id)}</title></g>"
        )
    return "\n".join([*lines, "</svg>", ""])
