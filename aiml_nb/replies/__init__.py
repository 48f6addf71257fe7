"""Replies of a server: from bytes to JSON, to one completion, and to what it turned out to be."""
