"""How much a run may send, how fast, and what follows from a failure.

`admission` lets each attempt through: `limiter` holds how many are in flight (`congestion` says how
many that is), `quotas` the requests and tokens per minute (`rates`), `budget` the caps on calls,
tokens and cost. `policy` says what follows from a failed attempt, for its call (`retry`) and for
all others (`holdups`: `pauses` and `outage`).
"""
