"""What each lesson checks, hints and asks; one module per lesson."""
