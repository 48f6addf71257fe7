"""What checks, hints, guesses and questions of every lesson are made of."""
