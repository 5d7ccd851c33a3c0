"""Measures the finished system: `python -m bench`, see docs/benchmarks.md."""
