"""A miner without one of its boards: what it can give is planned with, not what its type gives."""

from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import pytest

from custom_components.proof_of_heat._lib.heat_source import Capabilities, Command, Control, SourceKind
from custom_components.proof_of_heat.drivers.miner.models import MinerReading
from custom_components.proof_of_heat.drivers.miner.source import MinerSource
from custom_components.proof_of_heat.engine.config import SourceConfig, Steering
from custom_components.proof_of_heat.engine.decision_record import SourceCommand
from custom_components.proof_of_heat.engine.snapshot import SourceSnapshot
from custom_components.proof_of_heat.engine.sources import all_sized, full_load, sized
from custom_components.proof_of_heat.sources.source_commands import UNKNOWN
from custom_components.proof_of_heat.sources.supervisor import SourceSupervisor

from .engine.test_source_constraints import decided
from .test_miner_sources import miner


def board_source(max_power_w: float | None = 3000.0) -> MinerSource:
    capabilities = Capabilities(kind=SourceKind.MINER, controls=frozenset(), max_power_w=max_power_w)
    return MinerSource("m", "Miner", SimpleNamespace(), capabilities)


def mines(up: int | None, *, boards: int | None = 3, mining: bool = True, ths: float | None = 60.0) -> MinerReading:
    return MinerReading(mining=mining, boards=boards, boards_up=up, hashrate_ths=ths)


@pytest.mark.parametrize(
    ("reading", "power_w", "share"),
    [
        (mines(3), 3000.0, 1.0),
        (mines(2), 2000.0, 0.67),
        (mines(2), None, 0.67),
        (mines(2), 1200.0, 0.67),  # at a lower step
        (mines(2), 2850.0, 0.95),  # its tuner makes up for it
        (mines(2), 3300.0, 1.0),
        (mines(4), 3000.0, 1.0),
        (mines(0), 50.0, 1.0),  # a fault of its own
        (mines(None), 2000.0, 1.0),
        (mines(2, boards=None), 2000.0, 1.0),
        (mines(0, mining=False, ths=None), 10.0, 1.0),
        (mines(1, ths=0.0), 300.0, 1.0),  # it starts
    ],
)
def test_the_share_of_a_miner(reading: MinerReading, power_w: float | None, share: float) -> None:
    source = board_source()
    source._update_size(reading, power_w)
    assert source.size_share == share


def test_the_share_stays_while_it_rests_and_follows_the_boards() -> None:
    source = board_source(None)
    for reading, share in (
        (mines(2), 0.67),
        (mines(0, mining=False, ths=None), 0.67),
        (mines(3), 1.0),
        (mines(1), 0.33),
    ):
        source._update_size(reading, 1000.0)
        assert source.size_share == share


def test_what_the_tuner_can_do_is_remembered_at_a_lower_step() -> None:
    source = board_source()
    for power_w in (2850.0, 1200.0):
        source._update_size(mines(2), power_w)
    assert source.size_share == 0.95


async def test_a_miner_whose_board_is_down(
    loopback: Callable[[], str], session: aiohttp.ClientSession, port_80: None
) -> None:
    async with miner("braiins", loopback(), session) as (device, source):
        await source.refresh()
        assert source.size_share == 1.0
        device.faults.set("board_dead", "1")
        state = await source.refresh()
        assert state.extra["boards_up"] == 2
        power_w, most_w = state.power_w, source.capabilities.max_power_w
        assert power_w is not None
        assert most_w is not None
        assert source.size_share == max(0.67, round(power_w / most_w, 2))


def test_the_sizes_in_a_plan() -> None:
    steps = SourceConfig(
        source_id="m", kind=SourceKind.MINER, steering=Steering.STEPS, steps_w=(1500.0, 3000.0), nominal_power_w=3000.0
    )
    heater = SourceConfig(source_id="h", kind=SourceKind.DIRECT_ELECTRIC, nominal_heat_w=2000.0)
    short = SourceSnapshot(source_id="m", size_share=0.5)
    assert sized(steps, short).steps_w == (750.0, 1500.0)
    assert full_load(sized(steps, short))[1] == 1500.0
    assert sized(steps, SourceSnapshot(source_id="m")) is steps
    assert full_load(sized(heater, SourceSnapshot(source_id="h", size_share=0.5))) == (1000.0, 1000.0)
    snapshot = SimpleNamespace(sources=(short,))
    assert [item.nominal_power_w for item in all_sized((steps, heater), snapshot)] == [1500.0, None]  # type: ignore[arg-type]


MINER = SourceConfig(
    source_id="m",
    kind=SourceKind.MINER,
    steering=Steering.STEPS,
    steps_w=(1500.0, 3000.0),
    nominal_power_w=3000.0,
    nominal_heat_w=3000.0,
    efficiency=1.0,
    min_on_s=0.0,
)


@pytest.mark.parametrize(("share", "drawn_w"), [(1.0, 3000.0), (0.67, 2010.0)])
def test_a_decision_counts_with_what_the_miner_has(share: float, drawn_w: float) -> None:
    reading = SourceSnapshot(source_id="m", on=False, power_w=0.0, size_share=share)
    (command,) = decided((MINER,), (reading,), {"room": 15.0}).commands
    assert (command.on, command.level) == (True, 1.0)
    assert command.power_w == command.heat_w == pytest.approx(drawn_w)


@pytest.mark.parametrize(("share", "planned_w"), [(1.0, 3000.0), (0.67, 2010.0)])
def test_the_step_that_is_set_is_that_of_all_boards(share: float, planned_w: float) -> None:
    sent: list[Command] = []
    source = SimpleNamespace(
        capabilities=Capabilities(kind=SourceKind.MINER, controls=frozenset({Control.ON_OFF, Control.POWER})),
        state=None,
        size_share=share,
    )
    managed = SimpleNamespace(
        source=source,
        config=MINER,
        user_curve=UNKNOWN,
        name="Miner",
        poller=SimpleNamespace(command=lambda _entry, command, _done: sent.append(command)),
    )
    supervisor = SourceSupervisor.__new__(SourceSupervisor)
    supervisor._sources, supervisor._entry = {"m": managed}, None  # type: ignore[assignment,dict-item]
    supervisor.user_change = SimpleNamespace(is_recent=False)  # type: ignore[assignment]
    planned = SourceCommand(
        source_id="m", on=True, level=1.0, power_w=planned_w, heat_w=planned_w, flow_c=35.0, lease_s=300.0
    )
    decision = SimpleNamespace(record=SimpleNamespace(outdoor_c=0.0), commands=(planned,))
    supervisor.send_commands("1", decision, SimpleNamespace(zones=()), 1.0)  # type: ignore[arg-type]
    assert sent[0].power_w == pytest.approx(3000.0)
