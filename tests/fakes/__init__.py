"""Protocol servers that stand for providers, with every bad habit of real ones on request."""
