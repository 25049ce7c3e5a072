"""The index: words of three fields to the skills that hold them, and the ranking."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.skills.search.words import Stems, document_words, query_words

Field = Literal["name", "description", "body"]

FIELDS: Final[tuple[Field, ...]] = ("name", "description", "body")

#: Weights of the three fields. "task" ranks better for long descriptions of a task (Hit@1 77 %
#: against 71 % on 75 of them) and worse for everything else.
PROFILES: Final[Mapping[str, tuple[float, float, float]]] = MappingProxyType(
    {"even": (1.0, 1.0, 1.0), "task": (3.0, 2.0, 1.0)}
)

#: Usual values of BM25 (Robertson and Zaragoza 2009), those that were measured.
_K1: Final = 1.5
_B: Final = 0.75

#: Of a long query its rarest words count; more only cost time.
MAX_WORDS: Final = 40


class FieldMatch(Struct, frozen=True):
    """What one field adds to the score, and the words of the query it holds, weightiest first."""

    field: Field
    score: float
    terms: tuple[str, ...]


class SearchHit(Struct, frozen=True):
    """A skill found. ``rank`` counts from 1; the scores of ``why`` add up to ``score``."""

    skill: str
    path: str
    name: str
    score: float
    rank: int
    why: tuple[FieldMatch, ...]


class _Postings:
    """One field: for each word the skills (ascending) and how often each holds it."""

    __slots__ = ("average", "lengths", "norms", "words")

    def __init__(self) -> None:
        self.words: dict[str, tuple[list[int], list[int]]] = {}
        self.lengths: list[int] = []
        self.norms: list[float] = []
        self.average = 0.0

    def add(self, number: int, counts: Mapping[str, int]) -> None:
        words = self.words
        for word, count in counts.items():
            found = words.get(word)
            if found is None:
                words[word] = ([number], [count])
            else:
                found[0].append(number)
                found[1].append(count)
        self.lengths.append(sum(counts.values()))

    def close(self) -> None:
        """Work out how much the length of each text counts."""
        self.average = sum(self.lengths) / len(self.lengths) if self.lengths else 0.0
        average = self.average or 1.0
        self.norms = [_K1 * (1 - _B + _B * length / average) for length in self.lengths]


class SearchIndex:
    """An index in memory over the skills it was made of; it never looks at the disk."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        ordered = sorted(skills, key=lambda skill: skill.id)
        self._skills = [(skill.id, skill.path, skill.name) for skill in ordered]
        self._fields = {field: _Postings() for field in FIELDS}
        stems = Stems()
        for number, skill in enumerate(ordered):
            for field, text in _texts(skill):
                counts = Counter(map(stems.__getitem__, document_words(text)))
                self._fields[field].add(number, counts)
        for postings in self._fields.values():
            postings.close()

    def __len__(self) -> int:
        return len(self._skills)

    def search(self, query: str, *, top: int = 10, profile: str = "even") -> tuple[SearchHit, ...]:
        """Return the best skills for a text, the best first; none for a text without known words.

        Equal scores are in the order of the ids, so that the answer is always the same.

        Args:
            query: a few words or a whole task description.
            top: how many at most.
            profile: one of ``PROFILES``.

        Raises:
            KeyError: there is no such profile.
        """
        weights = dict(zip(FIELDS, PROFILES[profile], strict=True))
        words = self._known(query)
        scores = [0.0] * len(self._skills)
        for field, postings in self._fields.items():
            for stem in words:
                found = postings.words.get(stem)
                if found is None:
                    continue
                weight = weights[field] * self._weight(len(found[0]))
                norms = postings.norms
                for number, count in zip(*found, strict=True):
                    scores[number] += weight * count / (count + norms[number])
        hits = (number for number, score in enumerate(scores) if score > 0.0)
        best = nsmallest(max(0, top), hits, key=lambda number: (-scores[number], number))
        return tuple(
            self._hit(number, rank, words, weights) for rank, number in enumerate(best, start=1)
        )

    def _known(self, query: str) -> dict[str, str]:
        """Return stems that the index knows with the query's own word; the rarest of many."""
        stems = Stems()
        words: dict[str, str] = {}
        for word in query_words(query):
            words.setdefault(stems[word], word)
        frequency = {
            stem: sum(
                len(found[0])
                for postings in self._fields.values()
                if (found := postings.words.get(stem)) is not None
            )
            for stem in words
        }
        known = [stem for stem in words if frequency[stem]]
        if len(known) > MAX_WORDS:
            place = {stem: number for number, stem in enumerate(known)}
            rarest = nsmallest(MAX_WORDS, known, key=lambda stem: (frequency[stem], place[stem]))
            known = sorted(rarest, key=place.__getitem__)
        return {stem: words[stem] for stem in known}

    def _weight(self, holders: int) -> float:
        """Return how much a word that so many skills hold counts: Lucene's form, above 0."""
        rare = math.log(1 + (len(self._skills) - holders + 0.5) / (holders + 0.5))
        return rare * (_K1 + 1)

    def _hit(
        self, number: int, rank: int, words: Mapping[str, str], weights: Mapping[Field, float]
    ) -> SearchHit:
        skill_id, path, name = self._skills[number]
        why: list[FieldMatch] = []
        for field in FIELDS:
            parts = list(self._parts(number, field, words, weights[field]))
            if parts:
                ordered = sorted(parts, key=lambda part: -part[0])
                score = sum(part for part, _ in parts)
                why.append(FieldMatch(field, score, tuple(word for _, word in ordered)))
        return SearchHit(skill_id, path, name, sum(match.score for match in why), rank, tuple(why))

    def _parts(
        self, number: int, field: Field, words: Mapping[str, str], weight: float
    ) -> Iterator[tuple[float, str]]:
        postings = self._fields[field]
        for stem, word in words.items():
            found = postings.words.get(stem)
            if found is None:
                continue
            place = bisect_left(found[0], number)
            if place < len(found[0]) and found[0][place] == number:
                count = found[1][place]
                part = count / (count + postings.norms[number])
                yield weight * self._weight(len(found[0])) * part, word


def _texts(skill: Skill) -> Sequence[tuple[Field, str]]:
    return (("name", skill.name), ("description", skill.description), ("body", skill.body_text))
