"""Our readings held against those of other people's readers."""
