"""Sending a proposal back to its engine from the desk."""
