"""The Docker backend: sandboxes that are Docker containers."""
