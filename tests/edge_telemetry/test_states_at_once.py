"""On/off metrics follow the message at once, regardless of earlier writes; measured values keep the pace."""

from homeassistant.core import HomeAssistant

from custom_components.edge_telemetry.data import EdgeData

from .conftest import Publish, state

TOPIC, DEVICE = "van/power/battery/data", "van/power/battery"


async def test_a_flag_follows_each_message_at_once(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    shown = []
    for charging, voltage in ((True, 12.0), (False, 13.0), (True, 14.0)):
        await publish(TOPIC, {"metrics": {"charging": charging, "voltage_v": voltage}})
        shown.append((state(hass, "charging", DEVICE, "binary_sensor"), state(hass, "voltage_v", DEVICE)))
    assert shown == [("on", "12.0"), ("off", "12.0"), ("on", "12.0")]
