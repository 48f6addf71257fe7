"""Tests of the server: what goes over the wire."""
