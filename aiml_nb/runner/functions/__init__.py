"""A function of the user in place of an endpoint: each call of the run calls it with one item."""
