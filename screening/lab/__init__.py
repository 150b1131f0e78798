"""What was measured: impedance and cycling."""
