"""Judges a submission: its tests, checkers, interactors and scores."""
