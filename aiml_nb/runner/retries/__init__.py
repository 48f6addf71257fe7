"""What follows from a failure: another attempt and after which wait, or the end of the run.

`policy` says so, for the call that failed (`retry`, within `retry_budget`) and for all others
(`holdups`: `pauses` and `outage`). `backoff` is how a call waits.
"""
