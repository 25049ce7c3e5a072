"""The evidence of a hunk: quotes, and where they lead."""
