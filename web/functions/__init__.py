"""Functions of the installation."""
