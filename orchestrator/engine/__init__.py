"""The only package that talks to the Docker Engine."""
