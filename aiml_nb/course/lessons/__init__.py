"""The checks, hints and questions of each lesson; one module per lesson."""
