"""Skill Workbench: edit agent skills, read what agents did, decide how skills evolve."""

__version__ = "0.1.0"
