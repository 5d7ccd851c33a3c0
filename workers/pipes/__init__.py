"""Pipes: functions that answer as models do."""
