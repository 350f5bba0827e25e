"""A device's memory is spared over restarts: all runs count its writes together and keep them apart."""

import asyncio
from dataclasses import replace
import math
from pathlib import Path
import time
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    Health,
    Outcome,
    SourceKind,
    SourceState,
)
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.diagnostics import async_get_config_entry_diagnostics
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.errors import LimitedError
from custom_components.proof_of_heat.drivers.modbus import write_counter as counter_module
from custom_components.proof_of_heat.drivers.modbus.write_counter import WriteCounter
from custom_components.proof_of_heat.sources import registry as sources, write_counter as module
from custom_components.proof_of_heat.sources.source_type import CreatedSource, SourceContext
from custom_components.proof_of_heat.sources.write_counter import STORE_KEY, StoredWriteCounters
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler

from . import ha

DAY = 86_400.0
TEMPLATE = """
format: 1
id: worn
name: Worn
manufacturer: Example
kind: heat_pump
registers:
  flow_temperature: {at: 1004, scale: 0.01, unit: °C}
  level: {at: 5050, scale: 0.1}
controls:
  level: {register: level, min: -10, max: 10}
fallback: {level: 0}
write: {min_interval_s: 0, max_per_day: 2}
"""


class Clocks:
    """A wall clock and one that only grows."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        self.boot = 1.8e9

    def count(self) -> WriteCounter:
        return WriteCounter(lambda: self.boot + self.elapsed, lambda: self.elapsed)

    def restart(self, minutes: float) -> None:
        """The monotonic clock starts again."""
        self.boot += self.elapsed + minutes * 60 - 5.0
        self.elapsed = 5.0


async def restarted(hass: HomeAssistant, entry: Any) -> None:
    """Memory is lost, the disk is kept."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    hass.data.pop(module._COUNTERS)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_days_writes_are_counted_over_a_restart_and_a_reload(
    hass: HomeAssistant, socket_enabled: None, hass_storage: dict[str, Any], tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / DOMAIN / "templates"
    folder.mkdir(parents=True)
    (folder / "worn.yaml").write_text(TEMPLATE)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as simulator:
        values = {"template": "worn", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        await entry.runtime_data.user.async_set_active(True)

        async def shift(level: float) -> Outcome:
            (unit,) = entry.runtime_data.sources.values()
            return (await unit.source.apply(Command(id="c", level=level))).outcome

        assert await shift(1.0) in (Outcome.APPLIED, Outcome.PENDING)
        assert len(simulator.writes) == 1
        (rows,) = hass_storage[STORE_KEY]["data"]["devices"].values()
        assert [row[1] for row in rows] == [1], "on disk"
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert await shift(2.0) in (Outcome.APPLIED, Outcome.PENDING)
        await restarted(hass, entry)
        assert await shift(3.0) == Outcome.DEFERRED
        assert len(simulator.writes) == 2
        (diagnostics,) = (await async_get_config_entry_diagnostics(hass, entry))["sources"]
        assert diagnostics["writes_today"] == 2
        # Removed: nothing remains on the disk; added again, the 24 hours continue.
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert simulator.writes[2:] == [(5050, [0])], "the user's level, at once and uncounted"
        assert STORE_KEY not in hass_storage
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        assert await shift(3.0) == Outcome.DEFERRED


async def test_writes_stay_apart_over_a_restart(
    hass: HomeAssistant, socket_enabled: None, hass_storage: dict[str, Any], tmp_path: Path
) -> None:
    """A Home Assistant that restarts over and over, or is reloaded, writes no more often than one that runs."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / DOMAIN / "templates"
    folder.mkdir(parents=True)
    (folder / "worn.yaml").write_text(TEMPLATE.replace("{min_interval_s: 0, max_per_day: 2}", "{min_interval_s: 600}"))
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with running(ModbusBoiler, ["--port", "0", "--device", "lambda"]) as simulator:
        values = {"template": "worn", "address": "127.0.0.1", "port": simulator.port, "unit_id": 1}
        entry = ha.system(await ha.source(hass, "modbus", values))
        await ha.start(hass, entry)
        await entry.runtime_data.user.async_set_active(True)

        async def shift(level: float) -> CommandResult:
            (unit,) = entry.runtime_data.sources.values()
            return await unit.source.apply(Command(id="c", level=level))

        assert (await shift(1.0)).outcome in (Outcome.APPLIED, Outcome.PENDING)
        await restarted(hass, entry)
        result = await shift(2.0)
        assert result.outcome == Outcome.DEFERRED
        assert "last write" in result.detail
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert (await shift(2.0)).outcome == Outcome.DEFERRED
        assert len(simulator.writes) == 1
        # Ten minutes later, and restarted once more, it writes.
        (rows,) = hass_storage[STORE_KEY]["data"]["devices"].values()
        rows[-1][0] -= 601
        await restarted(hass, entry)
        assert (await shift(2.0)).outcome in (Outcome.APPLIED, Outcome.PENDING)
        assert len(simulator.writes) == 2


class Slow(SourceBase):
    """A device whose changes cost something."""

    def __init__(self, interval_s: float) -> None:
        caps = Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF}),
            min_write_interval_s=interval_s,
        )
        super().__init__("proof_of_heat:slow", "slow", caps)
        self.on = False
        self.counted: list[int] = []
        self.log: WriteCounter | None = None

    async def _read(self) -> SourceState:
        return SourceState(at=self._now(), health=Health.OK, on=self.on)

    async def _write(self, wanted: Command, state: SourceState) -> None:
        self.counted.append(self.log.last_day if self.log is not None else 0)
        self.on = bool(wanted.on)


@pytest.mark.parametrize(("interval_s", "spaced"), [(120.0, True), (60.0, False)])
async def test_each_driver_continues_with_its_spacing(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, interval_s: float, *, spaced: bool
) -> None:
    """Where it is longer than the first minute of a run, in which nothing is commanded anyway."""
    made: list[Slow] = []

    async def build(*_: object) -> CreatedSource:
        made.append(Slow(interval_s))
        return CreatedSource(made[-1])

    monkeypatch.setitem(sources.SOURCE_TYPES, "miner", replace(sources.SOURCE_TYPES["miner"], create=build))
    miner = ConfigSubentry(
        data=MappingProxyType({"kind": "miner"}), subentry_type="source", title="M", unique_id="aa:bb:cc:dd:ee:ff"
    )
    entry = MockConfigEntry(domain=DOMAIN)
    await sources.async_create_source(SourceContext(hass, entry, miner))
    first = made[-1]
    first.log = await module.write_counters(hass).async_of("aa:bb:cc:dd:ee:ff")
    assert (await first.apply(Command(id="a", on=True))).outcome == Outcome.APPLIED
    assert first.counted == [int(spaced)], "on disk before it goes out"
    assert (await first.apply(Command(id="b", on=False))).outcome == Outcome.DEFERRED
    await first.close()
    hass.data.pop(module._COUNTERS)
    await sources.async_create_source(SourceContext(hass, entry, miner))
    again = made[-1]
    again.on = True
    outcome = (await again.apply(Command(id="c", on=False))).outcome
    assert outcome == (Outcome.DEFERRED if spaced else Outcome.APPLIED)
    await again.close()


async def test_the_time_since_the_last_write() -> None:
    clocks = Clocks()
    count = clocks.count()
    assert count.since_s == math.inf
    await count.record_write()
    clocks.elapsed += 100
    await count.reserve(1, 5)
    clocks.elapsed += 50
    assert (count.since_s, count.last_day) == (50.0, 2)
    saved = count.dump()
    clocks.restart(minutes=10)
    count = clocks.count()
    count.load(saved)
    assert count.since_s == pytest.approx(650.0, abs=0.1)
    clocks.elapsed += DAY
    assert count.since_s == math.inf


async def test_a_day_slides_over_restarts() -> None:
    clocks = Clocks()
    count = clocks.count()
    await count.reserve(2, 3)
    clocks.elapsed += 3600
    await count.reserve(1, 3)
    saved = count.dump()
    clocks.restart(minutes=10)
    count = clocks.count()
    count.load(saved)
    assert count.last_day == 3
    with pytest.raises(LimitedError, match="3 writes in 24 hours"):
        await count.reserve(1, 3)
    assert count.last_day == 3, "what was refused is not counted"
    clocks.elapsed += DAY - 3600 - 600
    assert count.last_day == 1
    clocks.elapsed += 3600
    assert (count.last_day, count.dump()) == (0, [])


async def test_a_wall_clock_that_jumps_frees_no_write() -> None:
    clocks = Clocks()
    count = clocks.count()
    await count.reserve(1, 1)
    clocks.boot += 3 * DAY
    with pytest.raises(LimitedError):
        await count.reserve(1, 1)
    # Saved with a clock that was three days ahead: of the future is of now, and ends some time.
    saved = count.dump()
    clocks.boot -= 3 * DAY
    again = clocks.count()
    again.load(saved)
    assert again.last_day == 1
    clocks.elapsed += DAY
    assert again.last_day == 0


async def test_a_day_of_many_writes_stays_small() -> None:
    clocks = Clocks()
    count = clocks.count()
    for _ in range(3000):
        await count.reserve(1, 100_000)
        clocks.elapsed += 20.0
    assert count.last_day == pytest.approx(3000, abs=1)
    assert len(count.dump()) <= DAY / 300 + 1


@pytest.mark.parametrize(
    "rows",
    [
        None,
        3,
        "x",
        {"a": 1},
        [3],
        [[1]],
        [["x", 1]],
        [[1.0, "y"]],
        [[1.8e9, 0]],
        [[1.8e9, -4]],
        [[None, None]],
        [[1, 2]],
    ],
)
def test_what_cannot_be_read_counts_as_no_write(rows: object) -> None:
    count = Clocks().count()
    count.load(rows)
    assert count.last_day == 0


async def test_a_disk_that_refuses_or_hangs_keeps_no_home_cold(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    count = Clocks().count()

    async def refuses() -> None:
        raise HomeAssistantError("disk full")

    async def hangs() -> None:
        await asyncio.Event().wait()

    count.save = refuses
    await count.reserve(1, 2)
    assert "disk full" in caplog.text
    monkeypatch.setattr(counter_module, "_SAVE_TIMEOUT_S", 0.01)
    count.save = hangs
    await count.reserve(1, 2)
    with pytest.raises(LimitedError):
        await count.reserve(1, 2)


async def test_devices_that_are_off_keep_their_day_and_no_longer(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    now = time.time()
    old = {"gone": [[now - 2 * DAY, 7]], "off": [[now - 60, 4]], "strange": "?"}
    hass_storage[STORE_KEY] = {"version": 1, "minor_version": 1, "key": STORE_KEY, "data": {"devices": old}}
    counts = StoredWriteCounters(hass)
    one, same = await asyncio.gather(counts.async_of("one"), counts.async_of("one"))
    assert one is same
    await one.reserve(1, 5)
    saved = hass_storage[STORE_KEY]["data"]["devices"]
    assert sorted(saved) == ["off", "one"]
    assert (await counts.async_of("off")).last_day == 4


@pytest.mark.parametrize("version", [(1, 2), (2, 1)])
async def test_a_store_of_a_later_version_stops_nothing(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture, version: tuple[int, int]
) -> None:
    rows = [[time.time(), 3]]
    hass_storage[STORE_KEY] = {
        "version": version[0],
        "minor_version": version[1],
        "key": STORE_KEY,
        "data": {"devices": {"one": rows}, "later": True},
    }
    count = await StoredWriteCounters(hass).async_of("one")
    assert count.last_day == (3 if version[0] == 1 else 0)
    assert ("could not be loaded" in caplog.text) == (version[0] == 2)
