"""Differences to another version of a library, as proposals."""
