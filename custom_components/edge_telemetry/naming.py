"""Display names from the names in topics and payloads."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .const import DOMAIN
from .decoders import Address


def display_name(word: str) -> str:
    """Return `Van inside` for `van_inside`; IDs such as MAC addresses stay as they are."""
    if ":" in word:
        return word
    text = word.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:] if text else word


def device_name(system: str, device: str) -> str:
    """Return the name of a device by its topic; a mere number needs its system."""
    return f"{display_name(system)} {device}" if device.isdigit() else display_name(device)


def part_name(word: str) -> str:
    """Return `DS18B20 3C01B607` for `ds18b20_3c01b607`: a word with digits is the name of a type or an ID."""
    words = (part.upper() if any(sign.isdigit() for sign in part) else part for part in word.split("_"))
    return display_name(" ".join(words))


def system_device_info(entry_id: str, address: Address) -> DeviceInfo:
    """Return the device that represents a system of a site."""
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry_id}_{address.site}/{address.system}")},
        entry_type=DeviceEntryType.SERVICE,
        name=f"{display_name(address.site)} {display_name(address.system)}",
    )
