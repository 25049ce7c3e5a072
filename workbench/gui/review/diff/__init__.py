"""The changes of a proposal as a diff: lines, layout, painting, moved text, words."""
