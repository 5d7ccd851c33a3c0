"""Knowledge bases: files that are searched together, and who may use them."""
