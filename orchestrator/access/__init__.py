"""API keys: their data, the file of them, and how a key is looked up. No HTTP."""
