"""The files of the integration, by the names under which `_lib.retried_store` reports failed writes."""

from enum import StrEnum


class StoredPart(StrEnum):
    """What is stored, each in a file of its own."""

    DEVICES = "iot_heating: controllers and their commands"
    SESSIONS = "iot_heating: heating sessions"
    REPORTS = "iot_heating: reports"
