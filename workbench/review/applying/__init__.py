"""From a decision to files and a commit, and back: apply, recovery, revert, patch."""
