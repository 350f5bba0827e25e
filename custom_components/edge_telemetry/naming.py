"""Names for people, from what topics and payloads call things."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .const import DOMAIN, MANUFACTURER
from .decoders import Address


def pretty(word: str) -> str:
    """`van_inside` -> `Van inside`; ids such as MAC addresses stay as they are."""
    if ":" in word:
        return word
    text = word.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:] if text else word


def describe_system(entry_id: str, address: Address) -> DeviceInfo:
    """The device that stands for a system of a site."""
    return DeviceInfo(
        identifiers={(DOMAIN, f"{entry_id}_{address.site}/{address.system}")},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model="Edge system",
        name=f"{pretty(address.site)} {pretty(address.system)}",
    )
