"""Real services for the tests: each comes out of a package and ends with the session."""
