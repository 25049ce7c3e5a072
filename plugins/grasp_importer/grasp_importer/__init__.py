"""Finished GRASP runs as proposals."""
