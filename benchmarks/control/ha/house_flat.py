"""The small flat: a relay with a power sensor for the air-to-air unit, a miner on its own protocol, a hashprice."""

from argparse import Namespace
import os
from typing import Any, Final, override

from homeassistant.components.switch import DOMAIN as SWITCH, SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
import pytest_socket

from custom_components.proof_of_heat.sources.registry import forms
from simulators.avalon.miner import Avalon
from simulators.framework import parser_of

from ..houses import flat
from .house_site import KWH, HouseSite

SPLIT, SPLIT_POWER, HASHPRICE = "switch.air_conditioner", "sensor.air_conditioner_power", "sensor.hashprice"
STANDBY_MARGIN_W: Final = 1.0
DAY_S: Final = 86400.0


class HouseMiner(Avalon):
    """The miner, which switches at once: after five seconds it would do so only when it is asked again."""

    @override
    def _soft(self, name: str, value: str) -> dict[str, Any]:
        reply = super()._soft(name, value)
        self._switch()
        return reply


class Relay(SwitchEntity):
    """The relay of the air-to-air unit, with its own power sensor."""

    _attr_should_poll = False
    _attr_name = "Air conditioner"

    def __init__(self, site: FlatSite) -> None:
        self.entity_id = SPLIT
        self._site = site

    @property
    @override
    def is_on(self) -> bool:
        return self._site.flat.split

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self._switch(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self._switch(is_on=False)

    def _switch(self, *, is_on: bool) -> None:
        self._site.flat.split = is_on
        self.async_write_ha_state()
        self._site.report_devices(self.hass)


class FlatSite(HouseSite):
    """The flat with both of its heaters."""

    def __init__(self, warm_up_days: float, scored_days: float) -> None:
        self.flat = flat.Flat()
        super().__init__(self.flat, flat.BUILDING, warm_up_days, scored_days)
        self._started: HouseMiner | None = None
        self._counted_kwh = self._counted_th = 0.0
        self._ran = False

    @property
    def _miner(self) -> HouseMiner:
        assert self._started is not None
        return self._started

    @override
    async def start(self, hass: HomeAssistant) -> None:
        arguments = ["--host", _address(), "--port", "4028", "--model", "mini3", "--delay-s", "0"]
        args: Namespace = parser_of(HouseMiner).parse_args(arguments)
        self._started = HouseMiner(args)
        pytest_socket.socket_allow_hosts(["127.0.0.1", args.host])
        await self._miner.start()
        if not await async_setup_component(hass, SWITCH, {}):
            raise RuntimeError("switches could not be set up")
        component: EntityComponent[SwitchEntity] = hass.data[SWITCH]
        await component.async_add_entities([Relay(self)])

    @override
    async def stop(self) -> None:
        await self._miner.stop()

    @override
    async def devices(self, hass: HomeAssistant) -> list[Any]:
        relay = {"entity": SPLIT, "source_kind": "heat_pump", "number_is": "power", "meter": SPLIT_POWER}
        sizes = {"nominal_power": round(flat.RATED_W / flat.RATED_COP), "nominal_heat": flat.RATED_W}
        miner = {"address": self._miner.args.host, "port": 80, "idle_on_release": True}
        return [
            *await forms()["entity"].connect(hass, {"kind": "entity", **relay, **sizes}),
            *await forms()["miner"].connect(hass, {"kind": "miner", **miner}),
        ]

    @override
    def options(self) -> dict[str, Any]:
        price = {**super().options()["price"], "hashprice_entity": HASHPRICE, "pool_fee": 100 * flat.POOL_FEE}
        return {"price": price}

    @override
    def report_devices(self, hass: HomeAssistant) -> None:
        _, watts = flat.split_unit(self.plant.outdoor_c)
        power = {"unit_of_measurement": "W", "device_class": "power"}
        self.report(hass, SPLIT_POWER, f"{watts if self.flat.split else 0.0:.0f}", power)
        self.report(hass, HASHPRICE, f"{flat.HASHPRICE:.2f}", {"unit_of_measurement": "EUR/PH/s/d"})

    @override
    def heat(self, seconds: float, price_kwh: float) -> tuple[float, float, int]:
        machine = self._miner.machine
        kwh, hashed = machine.energy_kwh, machine.hashed_th
        miner_w = (kwh - self._counted_kwh) * KWH / seconds
        mined = (hashed - self._counted_th) / 1000 / DAY_S * flat.HASHPRICE * (1 - flat.POOL_FEE)
        self._counted_kwh, self._counted_th = kwh, hashed
        if miner_w <= machine.idle_w + STANDBY_MARGIN_W:
            miner_w = 0.0  # no control is charged for its standby
        starts = int(self.flat.split and not self._ran)
        self._ran = self.flat.split
        cost = self.flat.heat(self.plant, seconds, price_kwh, miner_w) - mined
        return cost, (self.plant.emitter_w + self.plant.direct_w) * seconds, starts


def _address() -> str:
    """Return a loopback address of this process alone: the port of a miner cannot be chosen."""
    high, low = divmod(os.getpid() % 62_500, 250)
    return f"127.83.{high + 1}.{low + 1}"
