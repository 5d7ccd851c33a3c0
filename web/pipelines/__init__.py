"""Pipelines servers: the programs that run on them, and their valves."""
