"""Models: the list that clients choose from."""
