"""The queue of proposals: rows, filters, and verdicts on several at once."""
