"""Runs side by side, and groups of sessions side by side."""
