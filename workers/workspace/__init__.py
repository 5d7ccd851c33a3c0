"""Jobs for the things of the workspace."""
