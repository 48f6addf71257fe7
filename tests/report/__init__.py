"""Tests of the sentences and the texts."""
