"""Jobs: list, show, follow, cancel, retry."""
