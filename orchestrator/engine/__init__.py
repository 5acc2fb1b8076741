"""The client of the Docker Engine: the only package that imports the Docker SDK."""
