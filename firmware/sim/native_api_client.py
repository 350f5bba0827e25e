"""A client of ESPHome's native API, as Home Assistant is one: ``python native_api_client.py PORT``.

It runs with ESPHome's own Python, which brings the client library. Every line of its output is a JSON object: ``info``,
``entities`` (name and type by key), then ``state`` for each change. Every line of its input switches a switch or sets a
number: ``{"key": 1, "switch": true}``, ``{"key": 2, "number": 3.5}``.
"""

import asyncio
import json
import sys

from aioesphomeapi import APIClient, APIConnectionError, EntityState


def write(**line: object) -> None:
    """Write a line."""
    print(json.dumps(line), flush=True)


def on_state(state: EntityState) -> None:
    """Write the state of an entity."""
    write(state=getattr(state, "state", None), key=state.key, missing=getattr(state, "missing_state", False))


async def connect(port: int) -> APIClient:
    """Connect, as soon as the device listens."""
    client = APIClient("127.0.0.1", port, None)
    for _ in range(600):
        try:
            await client.connect(login=True)
        except APIConnectionError:
            await asyncio.sleep(0.1)
        else:
            return client
    raise SystemExit("no connection")


async def main() -> None:
    """Observe a device and control it until the input ends."""
    client = await connect(int(sys.argv[1]))
    info = await client.device_info()
    write(info={"name": info.name, "project": info.project_name, "version": info.project_version})
    entities, _ = await client.list_entities_services()
    write(entities={each.key: [each.name, type(each).__name__.removesuffix("Info")] for each in entities})
    client.subscribe_states(on_state)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        if "switch" in command:
            client.switch_command(command["key"], command["switch"])
        else:
            client.number_command(command["key"], command["number"])
    await client.disconnect()


asyncio.run(main())
