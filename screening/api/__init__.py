"""The front door: what ``import screening`` offers, and what the command line calls."""
