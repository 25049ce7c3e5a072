"""Finished runs of SkillOpt and SkillOpt-Sleep as proposals."""
