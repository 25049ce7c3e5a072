"""Traces: what is open, one trace step by step, and what skills did in them."""
