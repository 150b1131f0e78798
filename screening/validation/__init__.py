"""Prediction meets measurement: tables of both arms join here and nowhere else."""
