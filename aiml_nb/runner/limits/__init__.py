"""Limits: how many calls are in flight, how many requests and tokens a minute, and the caps.

`admission` decides for each attempt; it asks `limiter` (attempts in flight; `congestion` sets the
number), `quotas` (requests and tokens per minute by `rates`, and `budget`: the caps on calls,
tokens and cost) and `retries.holdups`.
"""
