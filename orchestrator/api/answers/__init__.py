"""Answers and events: from the domain to bytes."""
