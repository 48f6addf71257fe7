"""What can go wrong: faults, their names and the forms that settings give them in."""
