"""Configuration: settings come from the environment, options may be changed by an admin while all
runs.
"""
