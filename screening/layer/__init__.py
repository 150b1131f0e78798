"""The layer itself: whether its parts connect, what they conduct, and how fast it forms."""
