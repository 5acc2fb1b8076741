"""Sandboxes that are Docker containers."""
