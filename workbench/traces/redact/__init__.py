"""A copy of a trace without what must not leave the machine."""
