"""Cycling of symmetric and full cells, and their short circuits."""
