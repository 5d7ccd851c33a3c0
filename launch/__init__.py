"""Starts everything on one machine, then keeps the processes of the Procfile running."""
