"""Batches: every line of a file is asked, and answered once."""
