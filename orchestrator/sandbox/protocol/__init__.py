"""The protocol between the server and the agent: frames, and sessions of them."""
