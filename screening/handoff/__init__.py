"""From a ranked reactor to the bench: what to weigh, what to expect, and how to see it."""
