"""Item models built from frozen values; a new state swaps what they show."""
