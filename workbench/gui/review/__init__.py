"""Review: what was proposed, the evidence behind it, and what a person takes over."""
