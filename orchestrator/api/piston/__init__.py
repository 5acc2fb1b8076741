"""Piston v2's API over the same job service (docs/howto/migrate-from-piston.md)."""
