"""Two or more runs side by side: which steps they share and where they part."""
