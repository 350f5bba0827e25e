"""A change by a user is sent sooner, but not so often that an automation wears out a device."""

from custom_components.proof_of_heat.sources.user_change import DAILY_S, WINDOW_S, UserChange

DAY_S = 86_400


def recent_s(step_s: int, days: int) -> list[int]:
    """Return for how many seconds of each day commands are marked, with a change at each step."""
    now = 0.0
    change = UserChange(lambda: now)
    found = [0] * days
    for second in range(0, days * DAY_S, 10):
        now = float(second)
        if second % step_s == 0:
            change.begin()
        found[second // DAY_S] += 10 * change.is_recent
    return found


def test_a_change_counts_for_three_minutes() -> None:
    now = 0.0
    change = UserChange(lambda: now)
    assert not change.is_recent
    change.begin()
    assert change.is_recent
    now = WINDOW_S
    assert not change.is_recent


def test_each_of_some_changes_of_a_day_counts() -> None:
    assert recent_s(3600, 2) == [24 * WINDOW_S, 24 * WINDOW_S]


def test_an_automation_gets_its_share_of_each_day_only() -> None:
    for seconds in recent_s(50, 3):
        assert 0 < seconds <= DAILY_S
