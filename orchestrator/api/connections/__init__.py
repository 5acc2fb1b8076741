"""Connections: accepted, counted, bounded."""
