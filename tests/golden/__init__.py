"""What the package writes, says and draws for fixed records, kept in files.

A change that should leave all that as it is leaves the files as they are. Where a change is meant,
``python -m tests.golden`` writes them anew, and their difference is what it changed.
"""
