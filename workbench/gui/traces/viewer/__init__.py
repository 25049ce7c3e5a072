"""One trace, step by step."""
