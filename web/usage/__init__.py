"""Usage: what was used, day by day."""
