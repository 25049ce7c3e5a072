"""Two people on two machines review the same proposals through a branch of the repository."""
