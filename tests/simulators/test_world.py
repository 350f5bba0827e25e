"""The simulated world: weather that was measured, a house that obeys physics."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from simulators.world.house import House, HouseData
from simulators.world.weather import in_heating_season, weather_at

WINTER_NIGHT = datetime(2026, 1, 15, 0, tzinfo=UTC)


def test_the_weather_is_the_same_in_every_zone() -> None:
    assert weather_at(WINTER_NIGHT) == weather_at(WINTER_NIGHT.astimezone(timezone(timedelta(hours=5))))


def test_between_full_hours_it_is_linear() -> None:
    left, middle, right = (weather_at(WINTER_NIGHT + timedelta(minutes=m)).outdoor_c for m in (0, 30, 60))
    assert middle == pytest.approx((left + right) / 2)


@pytest.mark.parametrize("when", [datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)])
def test_every_day_has_weather(when: datetime) -> None:
    assert -40 < weather_at(when).outdoor_c < 45


def test_winter_is_colder_than_summer_and_nights_have_no_sun() -> None:
    assert weather_at(WINTER_NIGHT).outdoor_c < weather_at(datetime(2026, 7, 15, tzinfo=UTC)).outdoor_c
    assert weather_at(WINTER_NIGHT).solar_w_m2 == 0


@pytest.mark.parametrize("month", range(1, 13))
def test_the_demo_always_needs_heat(month: int) -> None:
    day = in_heating_season(datetime(2026, month, 15, 12, tzinfo=UTC))
    assert day.month in (10, 11, 12, 1, 2, 3, 4)
    assert day.hour == 12


def test_an_unheated_house_cools_towards_outside() -> None:
    house = House(WINTER_NIGHT)
    house.advance(WINTER_NIGHT + timedelta(hours=12))
    assert weather_at(house.now).outdoor_c < house.room_c < 20
    assert house.heat_j == 0


def test_a_heated_house_warms_its_water_first() -> None:
    house = House(WINTER_NIGHT)
    house.heating = True
    house.advance(WINTER_NIGHT + timedelta(minutes=10))
    assert house.flow_c > 28
    assert house.heat_j == pytest.approx(house.data.heater_w * 600, rel=1e-6)


def test_no_energy_appears_from_nowhere() -> None:
    """Stored heat = heat put in, minus what left, plus gains (air, mass and water)."""
    data = HouseData(gains_w=0, window_m2=0)
    house = House(WINTER_NIGHT, data)

    def stored() -> float:
        return data.air_j_k * house.room_c + data.mass_j_k * house.mass_c + data.water_j_k * house.flow_c

    before, lost = stored(), 0.0
    house.heating = True
    while house.now < WINTER_NIGHT + timedelta(hours=1):
        outdoor = house.weather.outdoor_c
        lost += 30 * (data.loss_w_k * (house.room_c - outdoor) + data.mass_loss_w_k * (house.mass_c - outdoor))
        house.advance(house.now + timedelta(seconds=30))
    assert stored() - before == pytest.approx(house.heat_j - lost, rel=1e-6)


def test_it_stops_at_the_requested_time() -> None:
    house = House(WINTER_NIGHT)
    until = WINTER_NIGHT + timedelta(minutes=7, seconds=13)
    house.advance(until)
    assert house.now == until
