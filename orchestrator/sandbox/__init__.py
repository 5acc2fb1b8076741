"""Sandboxes: the contract, the Docker backend, the fake, and the agent's protocol."""
