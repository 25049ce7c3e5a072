"""SkillClaw-style: sessions grouped by the skills they loaded, one decision for each group.

After the published description (AMAP-ML/SkillClaw, 2026-04): a summary and a judgement of each
session (weights .55, .30, .10, .05), groups by the skills actually loaded and one of sessions
without any, at most 30 sessions as evidence, one evolve call for a group that says first whether
skill, agent or environment is at fault, a merge where two results share a name, and an optional
verifier that fails closed at .75. No prompt or code of it is used. Publishing is the host's.
"""
