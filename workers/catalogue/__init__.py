"""The catalogue: what the connections offer, and single questions to one of them."""
