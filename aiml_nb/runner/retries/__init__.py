"""What follows from a failed attempt: a retry after some wait, a pause of all calls, or the end.

`after_attempt` decides: for the call that failed (`retry_policy`, within its `retry_budget`), and
for all others (`holdups`: `pauses` and `outage`). `backoff` is how a call waits.
"""
