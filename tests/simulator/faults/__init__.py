"""Tests of the faults: what they do to an answer, and when a service is away."""
