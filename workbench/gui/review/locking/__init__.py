"""Locking what a hunk lies in from the desk."""
