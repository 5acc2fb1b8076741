"""The HTTP side as an OpenAPI 3.1 document, made from its schemas, and as a page for people."""
