"""The last step of a review: what an apply would do, what it must pass, and doing it."""
