"""The tests; a package so that every folder of it can import the harness as `tests.services`."""
