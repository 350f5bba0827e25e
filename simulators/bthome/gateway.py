"""Sensors in places, and the gateway that relays what it receives of them; it misses some advertisements.

Gateways: OpenMQTTGateway and Theengs publish service data that they do not decode (`servicedata`), the scripts of
Shelly's public examples the decoded objects (`BTHome_version`), ESPHome and others the service data by UUID.
"""

import argparse
from dataclasses import dataclass
from typing import Any, ClassVar, Final, override

from simulators.mqtt_simulator import Availability, MqttSensors
from simulators.world.weather import weather_at

from .encode import PRESSES, TURNS, Objects, encrypted, service_data

GATEWAY: Final = "OMG_hall"


@dataclass(slots=True)
class Sensor:
    """A Bluetooth sensor: its address, its model and its packet counter."""

    name: str
    model: str
    number: int
    packet: int = 250

    @property
    def mac(self) -> str:
        """The address, as gateways write it."""
        return f"3C:2E:F5:AA:BB:{self.number:02X}"

    @property
    def id(self) -> str:
        """The address without separators."""
        return self.mac.replace(":", "")


class BtHome(MqttSensors):
    """The gateway and its sensors."""

    NAME = "bthome"
    PERIOD_S = 20.0
    FAULTS: ClassVar[dict[str, str]] = MqttSensors.FAULTS | {
        "encrypted": "the sensors encrypt their data",
        "cut_off": "service data breaks off in the middle of its last object",
        "unknown_object": "an object of a later version of the format follows the first ones",
        "bad_hex": "service data holds letters that are not hexadecimal",
        "strangers": "phones and headphones are relayed, too",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.sensors = {
            name: Sensor(name, model, number)
            for number, (name, model) in enumerate(
                (
                    ("attic", "SBHT-003C"),
                    ("window", "SBDW-002C"),
                    ("remote", "SBBT-004CEU"),
                    ("mast", "DIY weather mast"),
                )
            )
        }
        self._window_open = False

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--relay",
            choices=("openmqttgateway", "shelly", "service_data"),
            default="openmqttgateway",
            help="who relays",
        )

    @property
    @override
    def client_id(self) -> str:
        return f"sim-bthome-{self.args.relay}"

    @property
    @override
    def availability(self) -> Availability | None:
        is_omg = self.args.relay == "openmqttgateway"
        return Availability(f"home/{GATEWAY}/LWT", "online", "offline") if is_omg else None

    @property
    @override
    def device_ids(self) -> list[str]:
        return [sensor.id for sensor in self.sensors.values()]

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """Run an action.

        `advertise`: every sensor, now; `press {"button": 1, "press": "double_press"}`; `turn {"turn": "rotate_left",
        "steps": 3}`; `window {"open": true}`.
        """
        match name:
            case "advertise":
                self.publish()
            case "press":
                buttons = [""] * 4
                buttons[int(arguments.get("button", 1)) - 1] = str(arguments["press"])
                self.advertise(self.sensors["remote"], {"battery": 98}, buttons)
            case "turn":
                steps = (str(arguments["turn"]), int(arguments.get("steps", 1)))
                self.advertise(self.sensors["remote"], {"battery": 98}, dimmer=steps)
            case "window":
                self._window_open = bool(arguments["open"])
                self.advertise(self.sensors["window"], self._measure("window"))
            case _:
                return await super().do(name, arguments)
        return None

    @override
    def publish(self) -> None:
        """Relay an advertisement of every sensor; nothing happens at the remote."""
        for name, sensor in self.sensors.items():
            self.advertise(sensor, self._measure(name))
        if "strangers" in self.faults:
            self._relay("69D9A1BE3F43", {"id": "69:D9:A1:BE:3F:43", "mac_type": 1, "rssi": -89, "distance": 21.5})

    def _measure(self, name: str) -> Objects:
        weather = weather_at(self.clock.now())
        outdoor = round(weather.outdoor_c, 2)
        match name:
            case "attic":
                return {"battery": 100, "temperature": [round(outdoor + 6.5, 2), outdoor], "humidity": 55.25}
            case "window":
                light = round(weather.solar_w_m2 * 90, 2)
                angle = 31.5 if self._window_open else 0.0
                return {"battery": 100, "illuminance": light, "window": int(self._window_open), "rotation": angle}
            case "mast":
                # Down- and updraft are signed; a sensor of light levels reports 0 (dark) to 2 (bright).
                return {
                    "direction": 225.5,
                    "precipitation": 12.4,
                    "speed": -0.482113,
                    "acceleration": -9.806650,
                    "light_level": 2 if weather.solar_w_m2 > 50 else 0,
                    "power": -12.5,
                    "energy": 1234.567,
                }
        return {"battery": 98}

    def advertise(
        self, sensor: Sensor, objects: Objects, buttons: list[str] | None = None, dimmer: tuple[str, int] | None = None
    ) -> None:
        """Relay an advertisement of a sensor."""
        sensor.packet = (sensor.packet + 1) % 256
        self.last[sensor.name] = dict(objects)
        data = service_data(sensor.packet, objects, buttons or (), dimmer)
        if "unknown_object" in self.faults:
            data += bytes((0xEE, 1, 2, 3))
        if "encrypted" in self.faults:
            data = encrypted(data)
        if "cut_off" in self.faults:
            data = data[:-1]
        text = data.hex()
        if "bad_hex" in self.faults:
            text = text.replace("4", "x", 1)
        rssi = round(self.rng.gauss(-66, 3))
        match self.args.relay:
            case "shelly":
                found = self._decoded(sensor, objects, buttons, dimmer) | {"rssi": rssi, "address": sensor.mac.lower()}
            case "service_data":
                found = {"mac": sensor.mac, "rssi": rssi, "service_data": {"fcd2": text}}
            case _:
                found = {
                    "id": sensor.mac,
                    "mac_type": 0,
                    "rssi": rssi,
                    "servicedata": text,
                    "servicedatauuid": "0xfcd2",
                }
        self._relay(sensor.id, found)

    def _decoded(
        self, sensor: Sensor, objects: Objects, buttons: list[str] | None, dimmer: tuple[str, int] | None
    ) -> dict[str, Any]:
        """Return what Shelly's example script makes of an advertisement: names and numbers, events by their codes."""
        if "encrypted" in self.faults:
            return {"encryption": True, "BTHome_version": 2}
        found: dict[str, Any] = {"encryption": False, "BTHome_version": 2, "pid": sensor.packet, **objects}
        if buttons:
            found["button"] = [PRESSES[press] for press in buttons]
        if dimmer is not None:
            found["dimmer"] = {"direction": TURNS[dimmer[0]], "steps": dimmer[1]}
        return found

    def _relay(self, id_: str, found: dict[str, Any]) -> None:
        topic = f"home/{GATEWAY}/BTtoMQTT/{id_}" if self.args.relay == "openmqttgateway" else f"bthome/hall/{id_}"
        self.send(topic, found)
