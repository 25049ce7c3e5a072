"""Reviewing with others: the remote, the team's queue, and where reviewers differ."""
