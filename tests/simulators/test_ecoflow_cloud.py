"""Devices of EcoFlow's simulated cloud."""

import pytest

from simulators.ecoflow_cloud.models import MODELS


@pytest.mark.parametrize("model", MODELS)
def test_simulated_devices_report_at_night(model: str) -> None:
    """As real ones do: unchanged values for 15 minutes would count as offline."""
    device = MODELS[model]("SN", "Name")
    for noise in (-1.0, 1.0):
        device.step(10, 0.0, noise)
        changed = device.changed()
    assert changed
    assert device.messages(changed, 0)
