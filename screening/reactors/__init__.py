"""Which is best: criteria, ranking and its uncertainty."""
