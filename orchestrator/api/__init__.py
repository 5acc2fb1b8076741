"""HTTP only: schemas, handlers, middlewares; nothing here knows what a container is."""
