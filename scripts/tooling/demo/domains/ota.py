"""ota in the demo: six devices that speak four protocols, two signed releases, a canary rollout under way."""

from collections.abc import Mapping
import hashlib
import random
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from custom_components.ota.rollout.manifest import sign
from simulators.ota_device.image import build

from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World

_DOMAIN = "ota"
PRODUCT = "thermostat"
CHIP = "esp32c3"
_ROLLOUT = "thermostat_1_5"
# This private key is public knowledge: it signs releases of the demo only.
_SIGNING_KEY = hashlib.sha256(b"the demo's signing key").digest()
_DEVICES = (
    ("hall-1", "Hall", "native"),
    ("kitchen-1", "Kitchen", "native"),
    ("bath-1", "Bath", "native"),
    ("laundry-1", "Laundry", "arduino"),
    ("attic-1", "Attic", "esphome"),
    ("garage-1", "Garage", "ddi"),
)
_POLICY = {"may_update": True, "may_roll_back": True, "channel": "stable"}


class OtaDemo:
    """See plugin.DomainDemo."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """The entry, its devices with the secrets that their flows show, releases, a rollout."""
        public = Ed25519PrivateKey.from_private_bytes(_SIGNING_KEY).public_key().public_bytes_raw().hex()
        entry = await ha.add_entry(_DOMAIN, {"require_signature": True, "signing_keys": [public]})
        entry_id = entry["result"]["entry_id"]
        made = Provisioned(entries=[entry_id])
        for device_id, name, mode in _DEVICES:
            await self._add_device(ha, world, made, (device_id, name, mode))
        subentries = await ha.call("config_entries/subentries/list", entry_id=entry_id)
        ids = {item["unique_id"]: item["subentry_id"] for item in subentries}
        for device in made.devices:
            device.subentry_id = ids[device.id]
        for sequence, version in enumerate(("1.4.0", "1.5.0"), 1):
            await upload_release(ha, version, sequence)
        plan = {
            "product": PRODUCT,
            "version": ["1.5.0"],
            "name": "Thermostat 1.5",
            "rollout": _ROLLOUT,
            "strategy": "canary",
            "percent": 34,
            "gate": {"soak_s": 60},
        }
        await ha.post(f"services/{_DOMAIN}/create_rollout", plan)
        return made

    async def _add_device(
        self, ha: HomeAssistant, world: World, made: Provisioned, device: tuple[str, str, str]
    ) -> None:
        device_id, name, mode = device
        facts = {
            "name": name,
            "device_id": device_id,
            "product": PRODUCT,
            "chip": CHIP,
            "place": {"group": "house", "tags": [mode]},
            "policy": _POLICY,
        }
        results = await ha.add_subentry(made.entries[0], "device", facts, {})
        shown = next(step for step in results if step.get("step_id") == "key")["description_placeholders"]
        token = shown["update_url"].split("/")[-2]
        simulator = f"ota_{device_id.replace('-', '_')}"
        made.devices.append(
            Device(_DOMAIN, device_id, "ota_device", shown["key"], made.entries[0], simulator=simulator)
        )
        # With «=»: a secret may begin with a hyphen.
        arguments = [f"--url={world.url}", f"--mode={mode}", f"--device-id={device_id}", "--version=1.4.0"]
        arguments += [f"--key={shown['key']}", f"--token={token}", "--period=15"]
        arguments.append(f"--flash={{folder}}/simulators/{simulator}.json")
        made.simulators.append(SimulatorSpec(simulator, "ota_device", arguments))

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Devices call us: none has to be there before."""
        return []

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Nothing: what a firmware was yesterday is in the devices' logs."""
        return []

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """One view: the rollout, and every device's update."""
        hub = entities[provisioned.entries[0]]
        return [
            {
                "title": "Firmware",
                "path": "firmware",
                "icon": "mdi:chip",
                "type": "sections",
                "max_columns": 3,
                "sections": [_rollout_section(hub), _devices_section(entities)],
            }
        ]


def signed_release(image: bytes, version: str, sequence: int) -> tuple[bytes, str]:
    """Return the manifest of an image of the demo's product, and its signature."""
    fields = {
        "product": PRODUCT,
        "chip": CHIP,
        "version": version,
        "sequence": sequence,
        "size": len(image),
        "sha256": hashlib.sha256(image).hexdigest(),
        "notes": f"Thermostat {version}: made up for the demo.",
    }
    return sign(fields, _SIGNING_KEY)


async def upload_release(ha: HomeAssistant, version: str, sequence: int) -> None:
    """Upload a signed release of the demo's product."""
    image = build(CHIP, PRODUCT, version, random.Random(sequence).randbytes(400_000))
    manifest, signature = signed_release(image, version, sequence)
    form = aiohttp.FormData({"manifest": manifest.decode(), "signature": signature})
    form.add_field("image", image, filename=f"{PRODUCT}-{version}.ota.bin", content_type="application/octet-stream")
    headers = {"Authorization": f"Bearer {ha.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{ha.url}/api/ota/releases/", data=form, headers=headers) as reply,
    ):
        if reply.status != 201:
            raise RuntimeError(f"release {version}: {reply.status} {await reply.text()}")


def _rollout_section(hub: Mapping[str, str]) -> dict[str, Any]:
    shown = [("status", "Status"), ("progress", "Progress"), ("wave", "Wave"), ("devices_verified", "Verified")]
    shown += [("devices_failed", "Failed"), ("devices_in_flight", "In flight")]
    buttons = [("pause", "Pause"), ("resume", "Resume"), ("promote", "Next wave"), ("rollback", "Roll back")]
    cards = [
        {"type": "tile", "entity": hub[f"{_ROLLOUT}_{key}"], "name": name}
        for key, name in (*shown, *buttons)
        if f"{_ROLLOUT}_{key}" in hub
    ]
    heading = {"type": "heading", "heading": "Thermostat 1.5", "icon": "mdi:rocket-launch-outline"}
    return {"type": "grid", "cards": [heading, *cards]}


def _devices_section(entities: Entities) -> dict[str, Any]:
    cards: list[dict[str, Any]] = [{"type": "heading", "heading": "Devices", "icon": "mdi:chip"}]
    for device_id, name, mode in _DEVICES:
        keys = entities[device_id]
        cards.append({"type": "tile", "entity": keys["firmware"], "name": f"{name} ({mode})"})
        cards.append({"type": "tile", "entity": keys["update_state"], "name": name})
    return {"type": "grid", "cards": cards}


DEMO = OtaDemo()
