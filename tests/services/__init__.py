"""Real services for the tests: each is started out of a package, on a free port, and ended with the session."""
