"""Requests that are passed on to a connection in its own protocol."""
