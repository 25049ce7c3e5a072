#!/usr/bin/env python3
"""Clean a CSV file: find encoding and delimiter, drop exact duplicates, set bad rows aside."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path


def decode(raw: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def delimiter_of(text: str) -> str:
    counts = Counter({sign: 0 for sign in ",;\t|"})
    for line in text.splitlines()[:50]:
        for sign in counts:
            counts[sign] += line.count(sign)
    return counts.most_common(1)[0][0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    text, encoding = decode(arguments.path.read_bytes())
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter_of(text)))
    width = len(rows[0]) if rows else 0
    kept: list[list[str]] = []
    rejected: list[tuple[int, list[str]]] = []
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            rejected.append((number, row))
        elif tuple(row) not in seen:
            seen.add(tuple(row))
            kept.append(row)
    with arguments.out.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(kept)
    with arguments.out.with_suffix(".rejected.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([str(number), *row] for number, row in rejected)
    print(f"{encoding}: {len(rows)} rows read, {len(kept)} kept, {len(rejected)} rejected")
    return 1 if rejected else 0


if __name__ == "__main__":
    raise SystemExit(main())
