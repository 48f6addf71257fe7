"""Tests of the numbers and the sentences."""
