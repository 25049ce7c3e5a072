"""Rules on files that the body names. Nothing outside the skill's folder is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from workbench.skills.clients import Client
from workbench.skills.markdown_scan import Target
from workbench.skills.rules.registry import Hit, Rule, View

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_OWN_FOLDER: Final = re.compile(r"(?:\{baseDir\}|\$\{CLAUDE_SKILL_DIR\}|\$\{?SKILL_DIR\}?)/")
_PLACEHOLDER: Final = re.compile(r"[{}<>*$|]|\.\.\.|…|\bX{2,}|\bYYYY")

#: Targets that documentation about links uses.
_SAMPLE_WORDS: Final = frozenset(("url", "link", "path", "href", "src", "target", "file", "text"))


def local_path(target: str) -> str | None:
    """Return the path in the skill that a link names, with ``..`` kept in front when it leaves.

    None for other documents' addresses, anchors, absolute paths and placeholders.
    """
    text = _OWN_FOLDER.sub("", target.strip(), count=1)
    text = re.split(r"[#?]", text, maxsplit=1)[0]
    if not text or _SCHEME.match(text) or text.startswith(("/", "~", "\\")):
        return None
    if _PLACEHOLDER.search(text) or text.lower() in _SAMPLE_WORDS:
        return None
    parts: list[str] = []
    for part in unquote(text).replace("\\", "/").split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def _missing(view: View, kind: str, in_fence: bool) -> Iterator[tuple[Target, str, str]]:
    """Yield targets that are not there, with their path and what is known of it."""
    if not view.readable:
        return
    for target in view.scan.targets:
        if target.kind != kind or target.in_fence != in_fence:
            continue
        path = local_path(target.text)
        if path is None or path.startswith("..") or "\0" in path or view.files.has(path):
            continue
        near = view.files.folded.get(path.casefold())
        yield target, path, f" There is '{near}': mind the case." if near else ""


def _broken_link(view: View, _: Client) -> Iterator[Hit]:
    for target, path, near in _missing(view, "link", False):
        yield Hit(f"The link leads to '{path}', which is not in the skill.{near}", target.span)


def _dead_reference(view: View, _: Client) -> Iterator[Hit]:
    for target, path, near in _missing(view, "mention", False):
        yield Hit(f"'{path}' is named here and not in the skill.{near}", target.span)


def _dead_in_code(view: View, _: Client) -> Iterator[Hit]:
    for target, path, near in _missing(view, "mention", True):
        yield Hit(
            f"'{path}' is named in code and not in the skill; it may be the user's own.{near}",
            target.span,
        )


def _leaves(view: View, _: Client) -> Iterator[Hit]:
    if not view.readable:
        return
    for target in view.scan.targets:
        path = local_path(target.text) if target.kind == "link" else None
        if path is not None and path.startswith(".."):
            yield Hit(
                f"The link '{target.text}' leaves the skill's folder: it leads nowhere once the "
                "skill is installed alone.",
                target.span,
            )


RULES: Final = (
    Rule("broken-link", "Relative links lead to a file of the skill", _broken_link),
    Rule("dead-reference", "Files that the text names are there", _dead_reference),
    Rule("dead-reference-in-code", "Files that code examples name are there", _dead_in_code),
    Rule("link-leaves-skill", "Links stay in the skill", _leaves),
)
