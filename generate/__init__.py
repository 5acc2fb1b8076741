"""Writes what follows from the models of answers: the clients' types, the tables of the docs."""
