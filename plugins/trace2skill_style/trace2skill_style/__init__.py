"""Trace2Skill-style: map, reduce, translate, apply, verify; from traces alone.

After the published description (Qwen-Applications/Trace2Skill, 2026-05): one patch for each trace;
hierarchical merge of five patches at a time over at most five levels, edits independent of each
other; each edit moved to an exact anchor; carried out by program; a format check with at most three
rounds of repair. The analysis of a trace is part of its map call here. No prompt or code of it is
used.
"""
