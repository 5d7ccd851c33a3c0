"""The load client: a process of its own that costs less than what it measures."""
