"""Models of direct connections: the user's page asks them from its browser, and tells us."""
