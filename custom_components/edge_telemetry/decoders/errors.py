"""Decoding errors."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message, or one of its values, was rejected."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NO_METRICS = "no_metrics"
    TOO_LARGE = "too_large"
    BAD_TOPIC = "bad_topic"
    BAD_VALUE = "bad_value"
    BAD_CHARACTER = "bad_character"
    BYTE_ORDER_MARK = "byte_order_mark"
    BAD_BTHOME_DATA = "bad_bthome_data"
    BAD_RUUVI_DATA = "bad_ruuvi_data"
    UNKNOWN_RUUVI_FORMAT = "unknown_ruuvi_format"
    TOO_MANY_DEVICES = "too_many_devices"
    TOO_MANY_METRICS = "too_many_metrics"


class DecodeError(Exception):
    """A message that cannot be decoded."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
