"""codebae-runner: runs untrusted programs, each in one short-lived container of its own."""
