"""How long a library of 2,000 skills takes to index and to search.

The floor of indexing only finds and counts the words. Targets: index within 1 s, query within
20 ms.

    python -m tests.benchmarks.bench_search ../shared/data/skills
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from workbench.skills.library import read_library
from workbench.skills.search import SearchIndex

SKILLS = 2000


def main(folder: Path) -> None:
    """Print the table."""
    skills = read_library(folder).skills
    copies = range(SKILLS // len(skills) + 1)
    many = [
        msgspec.structs.replace(skill, id=f"{copy}/{skill.id}")
        for copy in copies
        for skill in skills
    ][:SKILLS]
    start = time.perf_counter()
    for skill in many:
        Counter(re.findall("[a-z0-9]+", skill.body_text.lower()))
    floor = time.perf_counter() - start
    start = time.perf_counter()
    index = SearchIndex(many)
    built = time.perf_counter() - start
    times = []
    for skill in many[:200]:
        for query in (skill.description, skill.name):
            start = time.perf_counter()
            index.search(query)
            times.append(time.perf_counter() - start)
    times.sort()
    size = sum(len(skill.source) for skill in many) / 1e6
    print(f"{len(many)} skills, {size:.1f} MB of SKILL.md")
    print(f"index   {built:8.3f} s   floor {floor:.3f} s   ratio {built / floor:.1f}")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0)):
        place = min(len(times) - 1, int(len(times) * share))
        print(f"query {name} {times[place] * 1000:6.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    main(parser.parse_args(sys.argv[1:]).library)
