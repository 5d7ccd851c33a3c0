"""Skills of the workspace."""
