"""Sessions: what is told to one client as it happens, and how it ends, over HTTP or a WebSocket."""
