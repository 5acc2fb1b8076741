"""Every object of an answer, once: written, described and typed by these models (ADR 21)."""
