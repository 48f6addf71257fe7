"""Tests of the model: what is answered, and when."""
