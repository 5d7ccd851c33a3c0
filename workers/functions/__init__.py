"""Functions of the installation: called for turns, and by the page."""
