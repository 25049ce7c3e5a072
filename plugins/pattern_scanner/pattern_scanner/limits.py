"""Caps that bound time and memory; whatever is cut off is reported as partial coverage.

The figures follow the resource bounds that published scanners use for untrusted archives.
"""

from __future__ import annotations

MAX_FILES = 2_000
MAX_DEPTH = 24
MAX_FILE_BYTES = 1024 * 1024
#: Of all files of a skill together; SKILL.md and scripts come first.
MAX_TOTAL_BYTES = 8 * 1024 * 1024
#: A line longer than this is read in windows; regexes never see more at once.
MAX_LINE = 2_000
#: Windows of one overlong line.
MAX_WINDOWS = 40
MAX_SENTENCE = 1_000
#: Sentences and commands per file; a file with more is covered in part.
MAX_PASSAGES = 20_000
MAX_DECODED = 64 * 1024
MAX_DECODED_BLOBS = 50
MAX_AST_NODES = 150_000
MAX_MEMBERS = 1_000
MAX_MEMBER_BYTES = 1024 * 1024
MAX_ARCHIVE_BYTES = 8 * 1024 * 1024
MAX_RATIO = 100
MAX_FINDINGS_PER_RULE = 5
MAX_EVIDENCE = 300
