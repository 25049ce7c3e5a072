"""Two versions of a Markdown file, block beside block: paragraphs, lists, tables, code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from markdown_it import MarkdownIt
from msgspec import Struct

from workbench.domain.proposal import Hunk
from workbench.review.text_diff.diff import changed_ranges, split_lines
from workbench.review.text_diff.front_matter_diff import front_matter_lines
from workbench.review.text_diff.word_diff import pairs_of

BlockState = Literal["same", "changed", "added", "removed"]

#: So many link definitions go with a block that may use them.
_DEFINITIONS = 50


class Block(Struct, frozen=True):
    """A block as Markdown, and the lines it takes; ``line`` counts from 1.

    ``definitions`` are the link definitions of the file as Markdown: a block is read by itself.
    """

    text: str
    line: int
    lines: int
    front_matter: bool = False
    definitions: str = ""


class BlockPair(Struct, frozen=True):
    """A block before and after; None where it is not there."""

    state: BlockState
    before: Block | None
    after: Block | None


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return the blocks of a file in order; blank lines between them belong to none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "�")
    lines = text.split("\n")
    head = front_matter_lines(text)
    blocks = []
    if head:
        inside = "\n".join(lines[1 : head - 1])
        blocks.append(Block(inside, 1, head, front_matter=True))
    env: dict[str, Any] = {}
    tokens = _parser().parse("\n".join(lines[head:]), env)
    definitions = _definitions(env.get("references", {}))
    for token in tokens:
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, end = token.map
        source = "\n".join(lines[head + first : head + end]).rstrip("\n")
        blocks.append(
            Block(
                source, head + first + 1, end - first, False, definitions if "[" in source else ""
            )
        )
    return tuple(blocks)


def block_pairs(before: str, after: str) -> tuple[BlockPair, ...]:
    """Return both versions side by side, in order."""
    old, new = blocks_of(before), blocks_of(after)
    keys = [[f"{one.front_matter:d}{one.text}" for one in side] for side in (old, new)]
    pairs: list[BlockPair] = []
    at = 0
    for i1, i2, j1, j2 in (*changed_ranges(*keys), (len(old), len(old), len(new), len(new))):
        back = j1 - i1
        pairs += [BlockPair("same", old[i], new[i + back]) for i in range(at, i1)]
        pairs += _changed(old[i1:i2], new[j1:j2])
        at = i2
    return tuple(pairs)


def texts_of(
    hunks: Sequence[Hunk], news: Mapping[str, Sequence[str]], base: str
) -> tuple[str, str]:
    """Return a file before its hunks and with all of them; ``news`` has the new lines by id."""
    lines = split_lines(base)
    after: list[str] = []
    at = 0
    for hunk in hunks:
        if hunk.kind in ("create", "delete"):
            return base if hunk.kind == "delete" else "", "".join(news[hunk.id])
        if hunk.kind != "text":
            continue
        after += [*lines[at : hunk.base_start - 1], *news[hunk.id]]
        at = hunk.base_start - 1 + len(hunk.base_lines)
    return base, "".join([*after, *lines[at:]])


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _changed(old: Sequence[Block], new: Sequence[Block]) -> list[BlockPair]:
    pairs: list[BlockPair] = []
    i = j = 0
    for one, other in pairs_of([block.text for block in old], [block.text for block in new]):
        pairs += _alone(old[i:one], new[j:other])
        pairs.append(BlockPair("changed", old[one], new[other]))
        i, j = one + 1, other + 1
    return [*pairs, *_alone(old[i:], new[j:])]


def _alone(old: Sequence[Block], new: Sequence[Block]) -> list[BlockPair]:
    gone = [BlockPair("removed", block, None) for block in old]
    return [*gone, *(BlockPair("added", None, block) for block in new)]


def _definitions(references: Mapping[str, Mapping[str, str]]) -> str:
    some = list(references.items())[:_DEFINITIONS]
    return "".join(f"\n[{label}]: <{one['href']}>" for label, one in some)
