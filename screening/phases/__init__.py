"""What exists: compounds with their energies, gaps and volumes."""
