"""Functions of the user's own in the place of an endpoint: one call of it for each item."""
