"""How much a run may send, and how fast.

`admission` lets each attempt through: `limiter` holds how many are in flight (`congestion` says how
many that is), `quotas` the requests and tokens per minute (`rates`), `budget` the caps on calls,
tokens and cost.
"""
