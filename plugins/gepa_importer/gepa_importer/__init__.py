"""Finished GEPA runs as proposals."""
