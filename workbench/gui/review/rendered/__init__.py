"""Markdown before and after, rendered side by side."""
