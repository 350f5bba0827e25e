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


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"unknown", "smart_plug", "glacier"}))
def test_a_station_that_starts_reports_placeholders_and_leaves_out_values(model: str) -> None:
    device = MODELS[model]("SN", "Name")
    device.step(10, 0.5, 0.1)
    right = device.sent()
    assert right == device.report()
    device.wake(8)
    sent: list[object] = []
    for _ in range(8):
        values = device.sent()
        assert values.keys() < right.keys(), "some values are missing"
        sent += [value for name, value in values.items() if value != right[name]]
        device.reported()
    assert {65_535, 32_767, -32_768, 4_294_967_295, 255, 5_999, 143_999, -1} <= set(sent)
    assert device.sent() == right, "it has started"


def test_what_a_device_reports_instead_of_its_values() -> None:
    device = MODELS["delta_2"]("SN", "Name")
    device.overrides = {"mppt.inWatts": 65_535, "pd.carWatts": None}
    values = device.sent()
    assert values["mppt.inWatts"] == 65_535
    assert "pd.carWatts" not in values
