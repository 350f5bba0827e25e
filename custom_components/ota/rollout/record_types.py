"""What is stored record by record: the types, their keys, and a change of one record."""

from enum import StrEnum
from typing import Any


class RecordType(StrEnum):
    """A type of stored record."""

    RELEASE = "release"
    SEQUENCE = "sequence"
    DEVICE = "device"
    """Without its event log, which is long and changes independently."""
    HISTORY = "history"
    """One event of a device's log, keyed `uid/slot`: a new event replaces the oldest one."""
    CONTACTS = "contacts"
    """When each device was last seen, and its expected poll interval: small, saved more often than the devices."""
    ROLLOUT = "rollout"
    JOB = "job"
    NEXT_JOB = "next_job"


type RecordKey = tuple[str, str]
"""Type and ID."""
type RecordChange = tuple[str, str, Any]
"""Type, ID and the new record; None deletes it."""
