"""Images: made by a model."""
