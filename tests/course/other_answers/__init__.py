"""Other answers than a check was written for: right ones in other styles, and wrong ones."""
