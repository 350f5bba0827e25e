"""Heat sources: the steps."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, SubentryFlowResult
from homeassistant.helpers.selector import SelectOptionDict
import probatio as vol

from ..const import CONF_ADDRESS, CONF_KIND
from .fields import select, with_currency
from .form import CAUGHT, Choice, FieldError, Form, lasting, same_device
from .scan import ScanSteps
from .source_forms import FORMS, form_name

CONF_CHOICE = "choice"
_MENU = ["miner", "scan", *(name for name in FORMS if name != "miner")]


class SourceSubentryFlow(ScanSteps):
    """Add or change a heat source; it is tried out before it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: list[Choice] = []
        self._paused = False

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the kind."""
        return self.async_show_menu(step_id="user", menu_options=_MENU)

    @override
    async def async_step_miner(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A miner on the LAN."""
        return await self._kind("miner", user_input)

    async def async_step_viessmann(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A Viessmann heat pump."""
        return await self._kind("viessmann", user_input)

    async def async_step_vicare(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A heat pump of Home Assistant's ViCare integration."""
        return await self._kind("vicare", user_input)

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A boiler or heat pump on Modbus TCP."""
        return await self._kind("modbus", user_input)

    async def async_step_modbus_serial(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A boiler or heat pump on a serial line."""
        return await self._kind("modbus_serial", user_input)

    async def async_step_entity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An entity of Home Assistant."""
        return await self._kind("entity", user_input)

    async def async_step_external(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A source that another integration offers."""
        return await self._kind("external", user_input)

    async def async_step_nicehash(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A rig at NiceHash."""
        return await self._kind("nicehash", user_input)

    async def async_step_hiveos(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A worker at HiveOS."""
        return await self._kind("hiveos", user_input)

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An account has several."""
        if user_input is not None:
            return self._take(next(item for item in self._choices if item.unique_id == user_input[CONF_CHOICE]))
        options = [SelectOptionDict(value=item.unique_id, label=item.title) for item in self._choices]
        return self.async_show_form(
            step_id="choose", data_schema=vol.Schema({vol.Required(CONF_CHOICE): select(options)})
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a source: the form of its kind, with what is set."""
        return await self._kind(form_name(self._get_reconfigure_subentry().data), user_input, step="reconfigure")

    async def _kind(
        self, name: str, user_input: dict[str, Any] | None, *, step: str | None = None
    ) -> SubentryFlowResult:
        form = FORMS[name]
        if form.empty is not None and form.empty(self.hass):
            return self.async_abort(reason="nothing_offered")
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                kept = form.kept(self._get_reconfigure_subentry().data) if step else {}
                self._choices = await self._connect(form, {**kept, **user_input, CONF_KIND: form.kind or name})
            except CAUGHT as err:
                errors = form.errors(err)
            else:
                return await self._chosen(step)
            finally:
                self._resume()
        broken = "" if form.broken is None else await form.broken(self.hass)
        if broken:
            errors.setdefault("base", "template_broken")
        schema = with_currency(self.hass, await form.schema(self.hass))
        if step is not None:
            schema = form.open_secrets(schema)
        values = self._suggested(form, step) if user_input is None else user_input
        return self.async_show_form(
            step_id=step or name,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"broken": broken},
        )

    def _suggested(self, form: Form, step: str | None) -> Mapping[str, Any]:
        if step is None:
            return {CONF_ADDRESS: self.address} if self.address else {}
        return {key: value for key, value in self._get_reconfigure_subentry().data.items() if key not in form.secrets}

    async def _connect(self, form: Form, data: dict[str, Any]) -> list[Choice]:
        """Try it out. A serial line whose settings change is held by our own entry: it lets go meanwhile."""
        try:
            return await form.connect(self.hass, data)
        except FieldError as err:
            entry = self._get_entry()
            ours = self.source == SOURCE_RECONFIGURE and entry.state is ConfigEntryState.LOADED
            if err.key != "link_in_use" or not ours:
                raise
        await self.hass.config_entries.async_unload(entry.entry_id)
        self._paused = True
        return await form.connect(self.hass, data)

    def _resume(self) -> None:
        """Set the entry up again, with what was changed meanwhile."""
        if self._paused:
            self._paused = False
            self.hass.config_entries.async_schedule_reload(self._get_entry().entry_id)

    async def _chosen(self, step: str | None) -> SubentryFlowResult:
        if step is not None:
            return self._change()
        taken = [subentry.unique_id for subentry in self._get_entry().subentries.values()]
        free = [item for item in self._choices if not any(same_device(item.unique_id, known) for known in taken)]
        if not free:
            return self.async_abort(reason="already_configured" if self._choices else "nothing_found")
        self._choices = free
        return self._take(free[0]) if len(free) == 1 else await self.async_step_choose()

    def _take(self, choice: Choice) -> SubentryFlowResult:
        return self.async_create_entry(title=choice.title, data=choice.data, unique_id=choice.unique_id)

    def _change(self) -> SubentryFlowResult:
        subentry = self._get_reconfigure_subentry()
        match = next((item for item in self._choices if same_device(item.unique_id, subentry.unique_id)), None)
        if match is None:
            return self.async_abort(reason="wrong_device")
        if lasting(subentry.data) == lasting(match.data):
            self.hass.config_entries.async_schedule_reload(self._get_entry().entry_id)
        return self.async_update_and_abort(self._get_entry(), subentry, data=match.data)
