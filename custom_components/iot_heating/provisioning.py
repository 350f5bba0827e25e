"""What a new controller is given: a QR code and ESPHome substitutions. Blocking: making the code takes a while."""

import base64
import io
import json
from typing import Final

_SCHEME: Final = 1


def provisioning_text(base: str, device_id: str, key: str) -> str:
    """What the QR code holds (docs/device-sync.md)."""
    return json.dumps({"v": _SCHEME, "url": base, "id": device_id, "key": key}, separators=(",", ":"))


def qr_markdown(base: str, device_id: str, key: str) -> str:
    """The QR code as an image in Markdown; black on white with its quiet zone, so that any theme can show it."""
    import segno

    image = io.BytesIO()
    segno.make(provisioning_text(base, device_id, key), error="m").save(image, kind="png", scale=6, border=4)
    return f"![QR](data:image/png;base64,{base64.b64encode(image.getvalue()).decode()})"


def esphome_substitutions(base: str, name: str, device_id: str, key: str) -> str:
    """Substitutions for an ESPHome configuration, ready to be pasted."""
    values = {"friendly_name": name, "heat_url": base, "heat_device_id": device_id, "heat_device_key": key}
    lines = [f"  {key_}: {json.dumps(value, ensure_ascii=False)}" for key_, value in values.items()]
    return "\n".join(["substitutions:", *lines])
