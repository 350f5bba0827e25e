"""Devices of EcoFlow's simulated cloud."""

import pytest

from simulators.ecoflow_cloud.kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_is_not_silent_by_night(kind: str) -> None:
    """Real ones are not: one that repeated its values for a quarter of an hour would be considered offline."""
    device = KINDS[kind]("SN", "Name")
    for wobble in (-1.0, 1.0):
        device.step(10, 0.0, wobble)
        changed = device.changed()
    assert changed
    assert device.messages(changed, 0)
