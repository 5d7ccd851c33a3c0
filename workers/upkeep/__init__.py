"""Upkeep: finds lost jobs, refreshes the catalogue, deletes what is old."""
