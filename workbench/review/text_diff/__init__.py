"""Two texts compared: lines, words, moves, blanks, front matter, Markdown blocks."""
