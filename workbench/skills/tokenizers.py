"""Ways to count tokens: labelled estimates always, real tokenizers where a package is installed."""

from __future__ import annotations

import importlib
import math
import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from workbench.resources import bundled
from workbench.skills.problems import SkillError

_CJK: Final = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)
#: Kana and Hangul: a line that holds one is Japanese or Korean; Han alone is taken for Chinese.
_KANA_HANGUL: Final = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\ua960-\ua97f\uac00-\ud7ff\uff66-\uffdc]"
)
_LINE: Final = re.compile(r"[^\r\n]*[\r\n]*")
#: Tokens that ctok counts for the frame of one message (its README, 1.3.0, 2026-09).
_CTOK_FRAMES: Final = {"ctok-3": ("3.0", 7), "ctok-4.8": ("4.8", 6)}


class Tokenizer(Struct, frozen=True):
    """One way to count. ``count`` takes a text and returns its tokens, rounded up.

    ``estimate`` tells that no vocabulary is looked at; ``source`` is where the figures are from.
    """

    id: str
    title: str
    source: str
    estimate: bool
    count: Callable[[str], int]


class _Estimate(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    source: str
    latin: float
    japanese: float
    chinese: float


class _Counted(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    source: str
    package: str
    module: str


class _Listing(Struct, frozen=True, forbid_unknown_fields=True):
    default: str
    estimates: dict[str, _Estimate]
    counted: dict[str, _Counted]


class TokenizerChoice(Struct, frozen=True):
    """What can be chosen. ``package`` is what must be installed for it, "" for an estimate."""

    id: str
    title: str
    source: str
    package: str
    available: bool


@cache
def _listing() -> _Listing:
    path: Path = bundled("resources") / "tokenizers.toml"
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Listing)


def default_tokenizer() -> Tokenizer:
    """Return the estimate that is used when nothing is chosen."""
    return find_tokenizer(_listing().default)


def tokenizer_choices() -> tuple[TokenizerChoice, ...]:
    """Return all tokenizers that are known, estimates first."""
    listing = _listing()
    estimates = [
        TokenizerChoice(key, one.title, one.source, "", True)
        for key, one in listing.estimates.items()
    ]
    counted = [
        TokenizerChoice(key, one.title, one.source, one.package, find_spec(one.module) is not None)
        for key, one in listing.counted.items()
    ]
    return (*estimates, *counted)


def find_tokenizer(tokenizer_id: str) -> Tokenizer:
    """Return the tokenizer of that id.

    Raises:
        SkillError: there is none, or the package it needs is not installed; says which.
    """
    listing = _listing()
    estimate = listing.estimates.get(tokenizer_id)
    if estimate is not None:
        return Tokenizer(tokenizer_id, estimate.title, estimate.source, True, _by_script(estimate))
    counted = listing.counted.get(tokenizer_id)
    if counted is None:
        known = ", ".join([*listing.estimates, *listing.counted])
        raise SkillError(f"There is no tokenizer '{tokenizer_id}'. Tokenizers: {known}.")
    if find_spec(counted.module) is None:
        raise SkillError(
            f"The tokenizer '{tokenizer_id}' needs the package {counted.package}, which is not "
            "installed. Install it with: pip install 'skill-workbench[tokenizers]'. Without it, "
            f"{', '.join(listing.estimates)} estimate."
        )
    count = _counter(tokenizer_id, importlib.import_module(counted.module))
    return Tokenizer(tokenizer_id, counted.title, counted.source, False, count)


def _counter(tokenizer_id: str, module: Any) -> Callable[[str], int]:
    if tokenizer_id in _CTOK_FRAMES:
        version, frame = _CTOK_FRAMES[tokenizer_id]
        return lambda text: (
            max(0, module.token_count(_encodable(text), version) - frame) if text else 0
        )
    encoding = module.get_encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(_encodable(text)))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _by_script(figures: _Estimate) -> Callable[[str], int]:
    def count(text: str) -> int:
        # Bytes that are not UTF-8 are characters of their own, as a reader would see them.
        if text.isascii() or not _CJK.search(text):
            return math.ceil(len(text) / figures.latin)
        lengths = {"latin": 0, "japanese": 0, "chinese": 0}
        for line in _LINE.findall(text):
            lengths[_script(line)] += len(line)
        whole = (
            lengths["latin"] / figures.latin
            + lengths["japanese"] / figures.japanese
            + lengths["chinese"] / figures.chinese
        )
        return math.ceil(whole)

    return count


def _script(line: str) -> str:
    if line.isascii() or not _CJK.search(line):
        return "latin"
    return "japanese" if _KANA_HANGUL.search(line) else "chinese"
