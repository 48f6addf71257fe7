"""Lesson 11's exercises: a runner that grows, checked against a server that knows each request."""
