"""A review to show to others: for a pull request, or a file that opens anywhere."""
