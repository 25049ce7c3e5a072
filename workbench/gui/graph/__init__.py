"""Graph: how the skills of the library hang together, each edge with the line that shows it."""
