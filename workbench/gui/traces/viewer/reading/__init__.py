"""A trace as one readable page."""
