"""Settings of the configuration: read, completed with their defaults, and checked before anything is planned."""

from reprise.pipeline.spec.config import read_config

__all__ = ["read_config"]
