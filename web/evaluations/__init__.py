"""Evaluations: which answers people prefer."""
