"""The platform that the ota integration looks up; see fleet.py."""

from .fleet import async_get_fleet

__all__ = ["async_get_fleet"]
