"""Which skills fit a text: fielded BM25 over names, descriptions and bodies, nothing else needed.

Chosen by measurement: of the retrievers without a model, the sum of BM25 over the three fields
ranked best on six public query sets (macro MRR@10 0.626, against 0.579 for the whole text and 0.495
for name and description). Lucene's form of the weight of a word is used, which is never negative,
so that libraries of three skills rank as sensibly as those of three thousand.

A score says which skill fits better than another. It is no probability, and it cannot say that no
skill fits (AUC 0.56 on questions that none should answer).
"""

from workbench.skills.search.index import (
    FIELDS,
    PROFILES,
    FieldMatch,
    SearchHit,
    SearchIndex,
)

__all__ = ["FIELDS", "PROFILES", "FieldMatch", "SearchHit", "SearchIndex"]
