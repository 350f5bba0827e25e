"""Provisioning data of a new controller: QR code and ESPHome substitutions. Creating the QR code blocks."""

import base64
import io
import json
from typing import Final

_VERSION: Final = 1


def provisioning_text(base: str, device_id: str, key: str) -> str:
    """Return the content of the QR code (docs/device-sync.md)."""
    return json.dumps({"v": _VERSION, "url": base, "id": device_id, "key": key}, separators=(",", ":"))


def qr_markdown(base: str, device_id: str, key: str) -> str:
    """Return the QR code as a Markdown image, black on white with its quiet zone for dark themes."""
    import segno

    image = io.BytesIO()
    segno.make(provisioning_text(base, device_id, key), error="m").save(image, kind="png", scale=6, border=4)
    return f"![QR](data:image/png;base64,{base64.b64encode(image.getvalue()).decode()})"


def esphome_substitutions(base: str, name: str, device_id: str, key: str) -> str:
    """Return the substitutions of an ESPHome configuration."""
    values = {"friendly_name": name, "heat_url": base, "heat_device_id": device_id, "heat_device_key": key}
    lines = [f"  {key_}: {json.dumps(value, ensure_ascii=False)}" for key_, value in values.items()]
    return "\n".join(["substitutions:", *lines])
