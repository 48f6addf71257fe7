"""From the bytes of a reply to JSON, to one completion, and to the outcome of the call."""
