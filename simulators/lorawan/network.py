"""The network server: joins, uplinks and statuses of its devices in the JSON of The Things Stack v3 or ChirpStack v4.

Shapes: thethingsindustries.com/docs (data formats; a field that is 0, false or empty is left out) and
chirpstack.io/docs (event types).
"""

import argparse
import asyncio
from base64 import b64encode
from datetime import UTC, datetime
import json
from typing import Any, ClassVar, Final, override
from uuid import UUID

from simulators.framework import Simulator, end_task
from simulators.mqtt_link import MqttLink, add_broker_arguments

from .devices import NODES, DoorSensor, Node

APPLICATION: Final = "home-sensors"
TENANT: Final = "ttn"
CHIRPSTACK_APPLICATION: Final = "17c82e96-be03-4f38-aef3-f83d48582d97"
GATEWAYS: Final = (("attic", "0016C001FF10A235", -101, 7.5), ("church", "0016C001FF10A236", -118, -7.2))
_STATUS_EVERY: Final = 4
_TTS: Final = "tts"


def _stamp(at: datetime) -> str:
    """A time with nanoseconds, as both servers write it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}123Z"


def without_empty(found: Any) -> Any:
    """Return an object as The Things Stack serializes it: what is 0, false or empty is not there."""
    if isinstance(found, dict):
        cleaned = {key: without_empty(value) for key, value in found.items()}
        return {key: value for key, value in cleaned.items() if value not in (0, "", False, None, [], {})}
    return [without_empty(item) for item in found] if isinstance(found, list) else found


class LoRaWan(Simulator):
    """The server and its devices."""

    NAME = "lorawan"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "publishes nothing",
        "no_probe": "the external probe is missing: 327.67 °C",
        "no_echo": "the distance sensor receives no echo: Invalid Reading",
        "no_formatter": "no payload formatter: only bytes, and how they were received",
        "formatter_error": "the payload formatter failed",
        "no_gateways": "no metadata of the gateways",
        "duplicate": "every message comes twice",
        "not_json": "messages break off in the middle",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.nodes = [node(number, self.rng) for number, node in enumerate(NODES, 1)]
        self.last: dict[str, dict[str, Any]] = {}
        self.published = 0
        self._link: MqttLink | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_broker_arguments(parser)
        parser.add_argument("--server", choices=(_TTS, "chirpstack"), default=_TTS, help="whose messages")
        parser.add_argument("--period", type=float, default=30.0, help="seconds between two uplinks of a device")

    @override
    async def start(self) -> dict[str, Any]:
        self._link = MqttLink(self.args, f"sim-lorawan-{self.args.server}")
        await self._link.open()
        self._task = asyncio.create_task(self._publish_on())
        return {"devices": [self.device_id(node) for node in self.nodes]}

    @override
    async def stop(self) -> None:
        await end_task(self._task)
        if self._link is not None:
            await self._link.close()

    @override
    def state(self) -> dict[str, Any]:
        return {"published": self.published, "last": self.last}

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`uplink`: of every device, now; `door {"open": true}`."""
        match name:
            case "uplink":
                self.publish()
            case "door":
                for node in self.nodes:
                    if isinstance(node, DoorSensor):
                        node.open = bool(arguments["open"])
                        self.uplink(node)
            case _:
                return await super().do(name, arguments)
        return None

    def device_id(self, node: Node) -> str:
        """The level of the topic that names a device."""
        return node.NAME if self.args.server == _TTS else node.eui.lower()

    async def _publish_on(self) -> None:
        while True:
            self.publish()
            await self.clock.sleep(self.args.period)

    def publish(self) -> None:
        """An uplink of every device."""
        for node in self.nodes:
            self.uplink(node)

    def uplink(self, node: Node) -> None:
        """The next uplink of a device, after its join, and from time to time its status."""
        now = datetime.now(UTC)
        payload, raw = node.measure(self.clock.now(), self.faults)
        formatted = None if {"no_formatter", "formatter_error"} & set(self.faults.active) else payload
        self.last[node.NAME] = payload
        is_tts = self.args.server == _TTS
        if not node.joined:
            node.joined = True
            self._send(node, "join", self._tts_join(node, now) if is_tts else self._device_event(node, now, "join"))
        up = self._tts_up(node, now, formatted, raw) if is_tts else self._chirpstack_up(node, now, formatted, raw)
        self._send(node, "up", up)
        if not is_tts and node.count % _STATUS_EVERY == 0:
            self._send(node, "status", self._chirpstack_status(node, now))
        if not is_tts and "formatter_error" in self.faults:
            log = {"level": "ERROR", "code": "UPLINK_CODEC", "description": "Exception generated by quickjs"}
            self._send(node, "log", self._device_event(node, now, "log") | log)
        node.count += 1

    def _send(self, node: Node, event: str, found: dict[str, Any]) -> None:
        if self._link is None or "silent" in self.faults:
            return
        if self.args.server == _TTS:
            topic = f"v3/{APPLICATION}@{TENANT}/devices/{node.NAME}/{event}"
        else:
            topic = f"application/{CHIRPSTACK_APPLICATION}/device/{node.eui.lower()}/event/{event}"
        text = json.dumps(found)
        if "not_json" in self.faults:
            text = text[: len(text) // 2]
        for _ in range(2 if "duplicate" in self.faults else 1):
            self._link.publish(topic, text)
            self.published += 1

    # The Things Stack -------------------------------------------------------------------------------------------------

    def _tts_ids(self, node: Node) -> dict[str, Any]:
        return {
            "device_id": node.NAME,
            "application_ids": {"application_id": APPLICATION},
            "dev_eui": node.eui,
            "join_eui": "A840410000000101",
            "dev_addr": node.address,
        }

    def _tts_join(self, node: Node, now: datetime) -> dict[str, Any]:
        return {
            "end_device_ids": self._tts_ids(node),
            "correlation_ids": ["as:up:01EXX9B2T2K6BCR63G7P5QJD6D"],
            "received_at": _stamp(now),
            "join_accept": {"session_key_id": "AXBSH1Pk6Z0G166hpQ2d4Q==", "received_at": _stamp(now)},
        }

    def _tts_up(self, node: Node, now: datetime, payload: dict[str, Any] | None, raw: bytes) -> dict[str, Any]:
        stamp = _stamp(now)
        uplink: dict[str, Any] = {
            "session_key_id": "AXBSH1Pk6Z0G166hpQ2d4Q==",
            "f_port": node.PORT,
            "f_cnt": node.count,
            "frm_payload": b64encode(raw).decode(),
            "decoded_payload_warnings": [],
            "rx_metadata": [] if "no_gateways" in self.faults else [
                {
                    "gateway_ids": {"gateway_id": name, "eui": eui},
                    "time": stamp,
                    "timestamp": 2_463_457_000 + node.count,
                    "rssi": rssi,
                    "channel_rssi": rssi,
                    "snr": snr,
                    "location": {"latitude": 60.17, "longitude": 24.94, "altitude": 31, "source": "SOURCE_REGISTRY"},
                    "uplink_token": "Ch0KGwoPc2hlZC1nYXRld2F5EgjYuvn//hrPIRDo",
                    "channel_index": 2,
                    "received_at": stamp,
                }
                for name, eui, rssi, snr in GATEWAYS
            ],
            "settings": {
                "data_rate": {"lora": {"bandwidth": 125_000, "spreading_factor": 7, "coding_rate": "4/5"}},
                "frequency": "868300000",
                "timestamp": 2_463_457_000 + node.count,
                "time": stamp,
            },
            "received_at": stamp,
            "consumed_airtime": "0.056576s",
            "version_ids": {"brand_id": "dragino", "model_id": node.PROFILE.lower(), "band_id": "EU_863_870"},
            "network_ids": {"net_id": "000013", "ns_id": "EC656E0000100A42", "tenant_id": TENANT, "cluster_id": "eu1"},
        }  # fmt: skip
        if payload is not None:
            uplink["decoded_payload"] = payload
        if node.battery_percent is not None:
            uplink["last_battery_percentage"] = {"f_cnt": 1, "value": node.battery_percent, "received_at": stamp}
        # The values that a formatter decodes are kept as they are, also where they are 0.
        kept = {"uplink_message": without_empty(uplink)}
        if payload is not None:
            kept["uplink_message"]["decoded_payload"] = payload
        found = {"end_device_ids": self._tts_ids(node), "correlation_ids": ["gs:uplink:01J"], "received_at": stamp}
        return found | kept

    # ChirpStack -------------------------------------------------------------------------------------------------------

    def _device_event(self, node: Node, now: datetime, event: str) -> dict[str, Any]:
        """What all events of ChirpStack have in common."""
        unique = UUID(int=self.rng.getrandbits(128), version=4)
        return {
            "deduplicationId": str(unique),
            "time": _stamp(now).replace("Z", "+00:00"),
            "deviceInfo": {
                "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
                "tenantName": "ChirpStack",
                "applicationId": CHIRPSTACK_APPLICATION,
                "applicationName": APPLICATION,
                "deviceProfileId": "14855bf7-d10d-4aee-b618-ebfcb64dc7ad",
                "deviceProfileName": node.PROFILE,
                "deviceName": node.NAME,
                "devEui": node.eui.lower(),
                "deviceClassEnabled": "CLASS_A",
                "tags": {},
            },
        } | ({"devAddr": node.address.lower()} if event == "join" else {})

    def _chirpstack_up(self, node: Node, now: datetime, payload: dict[str, Any] | None, raw: bytes) -> dict[str, Any]:
        found: dict[str, Any] = self._device_event(node, now, "up") | {
            "devAddr": node.address.lower(),
            "adr": True,
            "dr": 5,
            "fCnt": node.count,
            "fPort": node.PORT,
            "confirmed": False,
            "data": b64encode(raw).decode(),
        }
        if payload is not None:
            found["object"] = payload
        if "no_gateways" not in self.faults:
            found["rxInfo"] = [
                {
                    "gatewayId": eui.lower(),
                    "uplinkId": 4_217_106_255 + node.count,
                    "nsTime": _stamp(now).replace("Z", "+00:00"),
                    "rssi": rssi,
                    "snr": snr,
                    "channel": 2,
                    "location": {},
                    "context": "E3OWOQ==",
                    "metadata": {"region_common_name": "EU868", "region_config_id": "eu868"},
                    "crcStatus": "CRC_OK",
                }
                for _name, eui, rssi, snr in GATEWAYS
            ]
        lora = {"bandwidth": 125_000, "spreadingFactor": 7, "codeRate": "CR_4_5"}
        return found | {"txInfo": {"frequency": 868_300_000, "modulation": {"lora": lora}}}

    def _chirpstack_status(self, node: Node, now: datetime) -> dict[str, Any]:
        return self._device_event(node, now, "status") | {
            "margin": 10,
            "externalPowerSource": node.external_power,
            "batteryLevelUnavailable": node.battery_percent is None and not node.external_power,
            "batteryLevel": node.battery_percent or 0.0,
        }
