"""Requests: from bytes to a submission."""
