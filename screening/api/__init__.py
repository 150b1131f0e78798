"""The front door: what ``import screening`` offers, and what the command line calls.

Formulas, snapshots, studies and files are given as strings, paths or objects alike; results are frozen, and
show themselves as tables (``to_frame``, notebooks) and on matplotlib axes (``plot``).
"""
