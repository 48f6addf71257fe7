"""The checks, hints and questions of the lessons; one module per lesson."""
