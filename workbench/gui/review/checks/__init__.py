"""What a selection does to the checks, and the strip that shows it."""
