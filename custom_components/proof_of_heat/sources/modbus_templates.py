"""The templates of Modbus devices: those that ship, and the user's own in `<config>/proof_of_heat/templates`."""

from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..drivers.modbus.template import DeviceTemplate, find_template, load_builtin, scan_folder

_EXPERIMENTAL: Final = "experimental_template"


def _user_folder(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(DOMAIN, "templates"))


async def async_templates(hass: HomeAssistant) -> tuple[dict[str, DeviceTemplate], list[str]]:
    """Return all templates by id, and the errors in the user's files."""

    def load() -> tuple[dict[str, DeviceTemplate], list[str]]:
        own, errors = scan_folder(_user_folder(hass))
        return {**load_builtin(), **own}, errors

    return await hass.async_add_executor_job(load)


async def async_template(hass: HomeAssistant, template_id: str) -> DeviceTemplate:
    """Return one template; raises TemplateError. Errors in other files of the user do not matter."""
    return await hass.async_add_executor_job(find_template, template_id, _user_folder(hass))


async def async_template_names(hass: HomeAssistant, *templates: DeviceTemplate) -> dict[str, str]:
    """Return the names of templates by id, as shown: those without a proof are marked as experimental."""
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    marked = texts.get(f"component.{DOMAIN}.common.{_EXPERIMENTAL}", "{name}")
    return {
        template.id: marked.format(name=template.name) if template.is_experimental else template.name
        for template in templates
    }
