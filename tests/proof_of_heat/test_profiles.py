"""User settings: storing, restoring, and ignoring invalid stored rows."""

from datetime import UTC, datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.proof_of_heat.comfort.profiles import Override, Profile
from custom_components.proof_of_heat.prices.tariff import TariffError, parse
from custom_components.proof_of_heat.runtime.user_settings import UserSettings

UNTIL = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "override", [Override(until=UNTIL, target_c=22.0), Override(until=UNTIL, zone_id="z", profile=Profile.ECO)]
)
def test_overrides_are_restored_from_the_store(override: Override) -> None:
    settings = UserSettings(active=True)
    settings.comfort.add_override(override)
    settings.comfort.profile = Profile.ECO
    again = UserSettings()
    again.load(settings.dump())
    assert again == settings


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"until": "soon", "target_c": 20},
        {"until": "2027-01-13T09:00:00", "target_c": 20},
        {"until": UNTIL.isoformat()},
        {"until": UNTIL.isoformat(), "profile": "tropical"},
        "text",
    ],
)
def test_invalid_stored_rows_are_ignored(row: Any) -> None:
    settings = UserSettings()
    settings.load({"active": True, "profile": "tropical", "overrides": [row]})
    assert (settings.active, settings.comfort.profile, settings.comfort.overrides) == (True, Profile.AUTO, [])
    settings.load({"overrides": "none"})
    assert settings.comfort.overrides == []


@pytest.mark.parametrize(
    ("base", "rows"), [(0.2, "text"), (0.2, [{}] * 51), ("dear", [{}]), (0.2, ["row"]), (0.2, [{"start": "06:00"}])]
)
def test_invalid_tariff(base: Any, rows: Any) -> None:
    with pytest.raises(TariffError):
        parse(base, rows)


def test_whole_days_and_lists_of_days() -> None:
    rows = [
        {"days": "Weekend", "start": "00:00", "end": "24:00", "price": 0.1},
        {"days": ["mon", "tue"], "start": "06:00:00", "end": "08:00:00", "price": 0.4},
    ]
    tariff = parse(0.2, rows)
    assert tariff.at(datetime(2027, 1, 16, 13, tzinfo=UTC)) == 0.1
    assert tariff.at(datetime(2027, 1, 12, 7, tzinfo=UTC)) == 0.4
    assert tariff.at(datetime(2027, 1, 13, 7, tzinfo=UTC)) == 0.2


def test_an_override_without_an_end_is_stored(freezer: FrozenDateTimeFactory) -> None:
    """Also one that an earlier version stored with an end a year ahead."""
    freezer.move_to("2026-11-29T12:00:00+00:00")
    preset = Override(until=None, zone_id="zone", profile=Profile.ECO)
    assert Override.from_dict(preset.to_dict()) == preset
    assert preset.applies_at(datetime(2036, 1, 1, tzinfo=UTC))
    old = {"until": "2027-11-20T12:00:00+00:00", "zone_id": "zone", "profile": "eco", "target_c": None}
    timed = {**old, "zone_id": None}
    settings = UserSettings()
    settings.load({"overrides": [old, timed]})
    assert [item.until is None for item in settings.comfort.overrides] == [True, False]
    assert list(settings.comfort.changes()) == [datetime(2027, 11, 20, 12, tzinfo=UTC)]
