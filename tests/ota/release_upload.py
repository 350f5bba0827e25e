"""Uploads of releases for the tests of rejected and failing uploads."""

from typing import Any

from custom_components.ota.data import OtaData

from .conftest import Client, form
from .images import esp32_image

IMAGE = esp32_image()


async def upload(admin: Client, image: bytes | None, *, proof: tuple[bytes, str] | None = None, **fields: str) -> Any:
    if proof is not None:
        fields |= {"manifest": proof[0].decode(), "signature": proof[1]}
    reply = await admin.post("/api/ota/releases/", data=form(image, **fields))
    return reply.status, (await reply.json())["error"] if reply.status != 201 else None


def nothing_stored(ota: OtaData) -> bool:
    return (
        not ota.hub.state.releases
        and not ota.hub.state.sequences
        and not ota.images.store.present()
        and not list((ota.images.store.folder / "incoming").iterdir())
    )
