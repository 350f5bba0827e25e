"""The platform that the proof_of_heat integration looks up; see heat_source.py."""

from .heat_source import async_get_heat_sources, async_subscribe_heat_sources

__all__ = ["async_get_heat_sources", "async_subscribe_heat_sources"]
