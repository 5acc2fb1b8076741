"""Settings: read from the environment and `.env`, checked at start."""

from orchestrator.settings.settings import AUTO, Settings, load_settings

__all__ = ["AUTO", "Settings", "load_settings"]
