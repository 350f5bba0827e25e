"""Convert devices and their update policies from and to the data of subentries and actions."""

from collections.abc import Mapping
from typing import Any, Final

from ..const import (
    CONF_CHANNEL,
    CONF_CHIP,
    CONF_DEVICE_ID,
    CONF_GROUP,
    CONF_MAY_ROLL_BACK,
    CONF_MAY_UPDATE,
    CONF_METADATA,
    CONF_MODEL,
    CONF_PINNED_VERSION,
    CONF_PRODUCT,
    CONF_TAGS,
    CONF_WINDOW_DAYS,
    CONF_WINDOW_END,
    CONF_WINDOW_START,
    CONF_ZONE,
)
from ..rollout.manifest import Channel
from ..rollout.models import Device, Policy
from ..rollout.schedule import DAYS, Window

_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})


def device_from_subentry(uid: str, title: str, data: Mapping[str, Any]) -> Device:
    """Return the stand-alone device that a subentry describes."""
    return Device(
        uid=uid,
        name=title,
        product=data[CONF_PRODUCT],
        chip=data[CONF_CHIP],
        model=data.get(CONF_MODEL),
        group=data.get(CONF_GROUP),
        zone=data.get(CONF_ZONE),
        tags=tuple(data.get(CONF_TAGS, ())),
        metadata={str(name): str(value) for name, value in data.get(CONF_METADATA, {}).items()},
    )


def subentry_from_device(device: Device) -> dict[str, Any]:
    """Return the subentry data that describe a device; the inverse of `device_from_subentry`."""
    data: dict[str, Any] = {
        CONF_DEVICE_ID: device.uid,
        CONF_PRODUCT: device.product,
        CONF_CHIP: device.chip,
        CONF_MODEL: device.model,
        CONF_GROUP: device.group,
        CONF_ZONE: device.zone,
        CONF_TAGS: list(device.tags),
        CONF_METADATA: dict(device.metadata),
        **policy_as_dict(device.policy),
    }
    return {name: value for name, value in data.items() if value not in _EMPTY}


def policy_from_data(data: Mapping[str, Any]) -> Policy:
    """Return the update policy in the data of a subentry or action.

    Raises:
        DeviceError: `bad_window`.
    """
    window = None
    if data.get(CONF_WINDOW_START) and data.get(CONF_WINDOW_END):
        days = tuple(data.get(CONF_WINDOW_DAYS) or DAYS)
        window = Window(data[CONF_WINDOW_START][:5], data[CONF_WINDOW_END][:5], days)
    return Policy(
        may_update=data.get(CONF_MAY_UPDATE, True),
        channel=Channel(data.get(CONF_CHANNEL, Channel.STABLE)),
        pinned_version=data.get(CONF_PINNED_VERSION),
        window=window,
        may_roll_back=data.get(CONF_MAY_ROLL_BACK, True),
    )


def policy_as_dict(policy: Policy) -> dict[str, Any]:
    """Return a policy as the data that `policy_from_data` reads."""
    window = policy.window
    return {
        CONF_MAY_UPDATE: policy.may_update,
        CONF_MAY_ROLL_BACK: policy.may_roll_back,
        CONF_CHANNEL: policy.channel.value,
        CONF_PINNED_VERSION: policy.pinned_version,
        CONF_WINDOW_START: window.start if window else None,
        CONF_WINDOW_END: window.end if window else None,
        CONF_WINDOW_DAYS: list(window.days) if window else None,
    }
