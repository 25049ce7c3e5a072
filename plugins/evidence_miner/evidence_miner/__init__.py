"""The offline evolver: repeated errors with their fixes, references that lead nowhere, steps
nobody took. Deterministic, without a model and without the network.

The detectors and thresholds come from the project's notes on evolution (2026-11), where they were
measured on the public SPARK traces (arXiv 2605.09192).
"""
