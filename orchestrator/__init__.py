"""codebae-runner: runs untrusted programs, each in one short-lived container of its own."""

__version__ = "0.1.0"
"""The one place. What can't read it follows by `scripts/set-version`."""
