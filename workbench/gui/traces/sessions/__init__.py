"""The lists of traces."""
