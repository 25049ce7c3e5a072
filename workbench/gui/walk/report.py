"""The report of a walkthrough: Markdown beside its pictures, and one HTML file that holds all."""

from __future__ import annotations

import base64
import html
import platform
import re
from pathlib import Path

import markdown

from workbench import __version__
from workbench.gui.walk.ledger import Ledger

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2030; background: #fff; }
img { max-width: 100%; border: 1px solid #c9cedb; border-radius: 6px; margin: .5rem 0 1.5rem; }
pre { background: #f3f4f8; padding: .8rem; overflow-x: auto; font-size: 12px; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
@media (prefers-color-scheme: dark) { body { color: #e3e6ec; background: #15171c; }
  pre { background: #21252d; } img { border-color: #363c48; } }
"""


def write_report(folder: Path, ledger: Ledger, when: str) -> tuple[Path, Path]:
    """Write ``report.md`` and ``report.html`` and return their paths."""
    text = markdown_of(ledger, when)
    source, page = folder / "report.md", folder / "report.html"
    source.write_text(text, encoding="utf-8")
    page.write_text(html_of(text, folder), encoding="utf-8")
    return source, page


def markdown_of(ledger: Ledger, when: str) -> str:
    """Return the report as Markdown; pictures are named by their files."""
    holds = len(ledger.claims) - len(ledger.failed)
    lines = [
        "# Skill Workbench: the main job from end to end",
        "",
        f"Version {__version__}, Python {platform.python_version()}, {platform.system()}, {when}.",
        "",
        f"**{holds} of {len(ledger.claims)} claims hold**, {len(ledger.pictures)} pictures. "
        "No network was used and no model was asked.",
        "",
    ]
    for number, section in enumerate(ledger.sections, 1):
        lines += [f"## {number}. {section.title}", ""]
        lines += [f"- {_plain(fact)}" for fact in section.facts]
        for claim in section.claims:
            detail = f" ({_plain(claim.detail)})" if claim.detail and not claim.holds else ""
            lines.append(f"- {'✓' if claim.holds else '✗ FAILED:'} {_plain(claim.text)}{detail}")
        lines.append("")
        if section.block:
            lines += ["```text", section.block.replace("```", "'''"), "```", ""]
        for name, title in section.pictures:
            lines += [f"![{title}](pictures/{name})", "", f"*{title}*", ""]
    return "\n".join(lines)


def html_of(text: str, folder: Path) -> str:
    """Return one HTML document with the pictures inside; it loads nothing from anywhere."""
    body = markdown.markdown(text, extensions=["fenced_code", "sane_lists"])

    def inside(match: re.Match[str]) -> str:
        data = base64.b64encode((folder / match[1]).read_bytes()).decode("ascii")
        return f'src="data:image/png;base64,{data}"'

    body = re.sub(r'src="(pictures/[\w.-]+)"', inside, body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<title>Skill Workbench: the main job from end to end</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _plain(text: str) -> str:
    """Return text from elsewhere so that it is no Markdown and no HTML."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", html.unescape(" ".join(text.split())))
