"""Frozen values that travel between the layers: no I/O, no clock, no Qt.

Import them from their modules (``workbench.domain.skill``, ``.trajectory``, ``.proposal`` ...).
"""
