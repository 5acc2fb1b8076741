"""The embedded engine: a Docker Engine of the server's own, supervised and stopped with it."""
