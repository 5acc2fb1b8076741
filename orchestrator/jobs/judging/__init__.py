"""Judging: tests, checkers, interactors, scores."""
