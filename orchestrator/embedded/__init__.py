"""A Docker Engine of the server's own: started, looked after and stopped with it."""
