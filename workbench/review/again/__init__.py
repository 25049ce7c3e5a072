"""A selection tested again, an engine asked again."""
