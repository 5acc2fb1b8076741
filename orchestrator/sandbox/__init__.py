"""Sandboxes: their contract, the Docker backend, the pool, the self-test, the agent's protocol."""
