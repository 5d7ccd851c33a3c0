"""Code that is run for users and models: on a Jupyter server, or by the page in its browser."""
