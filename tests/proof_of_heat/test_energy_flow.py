"""The energy flows through the heat sources: where energy comes from, where heat goes, and what is unknown."""

from hypothesis import given, strategies as st
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.metering.energy_flow import (
    EnergyFlow,
    SiteEnergy,
    SourceEnergy,
    energy_flow,
    origin,
)

GRID_ONLY = SiteEnergy(grid={0.0: 9.0, 3600.0: 9.0})


def pump(**values: object) -> SourceEnergy:
    defaults = {"electricity": {0.0: 2.0, 3600.0: 1.0}, "heat": {0.0: 7.0, 3600.0: 4.0}}
    return SourceEnergy(source_id="p", name="Pump", kind=SourceKind.HEAT_PUMP, **{**defaults, **values})  # type: ignore[arg-type]


def table(flow: EnergyFlow) -> dict[tuple[str, str], tuple[float, bool]]:
    return {(each.begin, each.end): (round(each.kwh, 3), each.estimated) for each in flow.flows}


def test_a_measured_heat_pump_takes_the_rest_from_the_environment() -> None:
    assert table(energy_flow([pump()], GRID_ONLY)) == {
        ("grid", "p"): (3.0, False),
        ("ambient", "p"): (8.0, False),
        ("p", "rooms"): (11.0, False),
    }


def test_hot_water_is_apart_where_it_is_counted() -> None:
    flows = table(energy_flow([pump(hot_water={0.0: 2.5})], GRID_ONLY))
    assert (flows["p", "hot_water"], flows["p", "rooms"]) == ((2.5, False), (8.5, False))


def test_hot_water_that_is_not_counted_is_not_claimed_for_rooms() -> None:
    flows = table(energy_flow([pump(may_heat_water=True)], GRID_ONLY))
    assert flows["p", "home"] == (11.0, False)
    assert ("p", "rooms") not in flows


def test_more_electricity_than_heat_is_lost() -> None:
    flows = table(energy_flow([pump(heat={0.0: 1.0})], GRID_ONLY))
    assert (flows["p", "rooms"], flows["p", "losses"]) == ((1.0, False), (2.0, False))
    assert ("ambient", "p") not in flows


def test_a_pump_without_a_heat_meter_ends_unmeasured() -> None:
    assert table(energy_flow([pump(heat=None)], GRID_ONLY)) == {
        ("grid", "p"): (3.0, False),
        ("p", "unmeasured"): (3.0, False),
    }


def test_heat_without_an_electricity_meter_comes_from_nowhere_known() -> None:
    flows = table(energy_flow([pump(electricity=None)], GRID_ONLY))
    assert flows == {("unmetered", "p"): (11.0, True), ("p", "rooms"): (11.0, False)}


def test_a_source_without_counters_is_named() -> None:
    flow = energy_flow([pump(electricity=None, heat=None), pump(electricity={}, heat={})], GRID_ONLY)
    assert (flow.flows, flow.unknown) == ([], ["Pump", "Pump"])


def test_a_miner_heats_its_own_room_with_its_efficiency() -> None:
    miner = SourceEnergy(
        source_id="m",
        name="Miner",
        kind=SourceKind.MINER,
        electricity={0.0: 3.0},
        heat={0.0: 3.0},
        efficiency=0.9,
        zone_id="office",
    )
    assert table(energy_flow([miner], GRID_ONLY)) == {
        ("grid", "m"): (3.0, False),
        ("m", "zone:office"): (2.7, True),
        ("m", "losses"): (0.3, True),
    }


def test_a_heater_that_reports_power_only_is_measured_if_its_power_is() -> None:
    for estimated in (False, True):
        heater = SourceEnergy(
            source_id="h",
            name="Heater",
            kind=SourceKind.DIRECT_ELECTRIC,
            electricity={0.0: 2.0},
            electricity_estimated=estimated,
        )
        assert table(energy_flow([heater], GRID_ONLY)) == {
            ("grid", "h"): (2.0, estimated),
            ("h", "rooms"): (2.0, estimated),
        }


def test_a_boiler_burns_fuel_and_loses_some() -> None:
    boiler = SourceEnergy(
        source_id="b",
        name="Boiler",
        kind=SourceKind.BOILER,
        electricity={0.0: 0.1},
        heat={0.0: 9.0},
        efficiency=0.9,
        burns_fuel=True,
    )
    assert table(energy_flow([boiler], GRID_ONLY)) == {
        ("grid", "b"): (0.1, False),
        ("fuel", "b"): (10.0, True),
        ("b", "rooms"): (9.0, False),
        ("b", "losses"): (1.1, True),
    }


def test_the_origin_is_unknown_without_meters_of_the_home() -> None:
    assert table(energy_flow([pump()], SiteEnergy()))["electricity", "p"] == (3.0, False)


def test_each_hour_has_its_own_origin() -> None:
    site = SiteEnergy(
        grid={0.0: 0.0, 3600.0: 3.0},
        export={0.0: 2.0},
        solar={0.0: 6.0},
        discharge={3600.0: 1.0},
        charge={0.0: 1.0},
    )
    flows = table(energy_flow([pump()], site))
    assert flows["solar", "p"] == (2.0, True)
    assert flows["grid", "p"] == (0.75, True)
    assert flows["battery", "p"] == (0.25, True)
    hole = SiteEnergy(grid={3600.0: 3.0}, solar={0.0: 6.0, 3600.0: 0.0})
    assert table(energy_flow([pump()], hole))["electricity", "p"] == (2.0, False), "the grid meter has no value"


KWH = st.floats(0, 20)


@given(KWH, KWH, KWH, KWH, KWH)
def test_shares_add_up(grid: float, export: float, solar: float, discharge: float, charge: float) -> None:
    site = SiteEnergy(
        grid={0.0: grid}, export={0.0: export}, solar={0.0: solar}, discharge={0.0: discharge}, charge={0.0: charge}
    )
    shares = origin(site, 0.0)
    if shares is not None:
        assert sum(shares.values()) == pytest.approx(1.0)
        assert min(shares.values()) >= 0.0


@given(
    st.dictionaries(st.sampled_from([0.0, 3600.0, 7200.0]), KWH, min_size=1),
    st.one_of(st.none(), st.dictionaries(st.sampled_from([0.0, 3600.0]), KWH, min_size=1)),
    st.sampled_from(SourceKind),
    st.floats(0.3, 1.0),
    st.booleans(),
)
def test_what_comes_in_goes_out(
    electricity: dict[float, float],
    heat: dict[float, float] | None,
    kind: SourceKind,
    efficiency: float,
    burns: bool,
) -> None:
    source = SourceEnergy(
        source_id="s",
        name="S",
        kind=kind,
        electricity=electricity,
        heat=heat,
        efficiency=efficiency,
        burns_fuel=burns,
    )
    flow = energy_flow([source], GRID_ONLY)
    into = sum(each.kwh for each in flow.flows if each.end == "s")
    out = sum(each.kwh for each in flow.flows if each.begin == "s")
    assert into == pytest.approx(out, abs=0.005)
    assert all(each.kwh > 0 for each in flow.flows)
