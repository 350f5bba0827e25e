"""The shared base of all sources: modes, lease and release of control."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat._lib.heat_source import (
    Capabilities,
    Command,
    Control,
    Health,
    Outcome,
    SourceKind,
    SourceState,
)
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.device_settings import Settings
from custom_components.proof_of_heat.drivers.errors import (
    AuthError,
    BadReplyError,
    DriverError,
    LimitedError,
    RefusedError,
    UnreachableError,
)
from custom_components.proof_of_heat.drivers.health_log import HealthLog
from custom_components.proof_of_heat.drivers.source_parts import Timing


class Plain(SourceBase):
    """A source that is controlled by a test."""

    timing = Timing(read_s=0.2, write_s=0.2, fresh_s=0.0, verify_s=0.05, verify_step_s=0.05)

    def __init__(self, **caps: Any) -> None:
        capabilities = Capabilities(
            kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF, Control.MODE}), modes=("eco",), **caps
        )
        super().__init__("proof_of_heat:plain", "plain", capabilities)
        self.on: bool | None = True
        self.fails: list[Exception | None] = []
        self.rests: bool | None = None
        self.fallbacks = 0
        self.hangs = False

    async def _read(self) -> SourceState:
        return SourceState(at=self._now(), health=Health.OK, on=self.on, power_w=0.0)

    async def _write(self, command: Command, state: SourceState) -> None:
        self.on = command.on

    def _rest(self, settings: Settings) -> Settings:
        return {"on": False}

    async def _restore(self, missing: Settings, state: SourceState) -> None:
        self.fallbacks += 1
        if self.hangs:
            await asyncio.sleep(3600)
        if self.fails and (err := self.fails.pop(0)) is not None:
            raise err
        if self.rests is not None:
            self.on = not self.rests


async def test_unknown_mode_is_refused_and_starts_no_lease() -> None:
    source = Plain()
    assert (await source.apply(Command(id="a", mode="turbo"))).outcome == Outcome.REFUSED
    assert not source.leased


async def test_a_command_that_has_to_wait_keeps_the_lease_alive() -> None:
    source = Plain(min_write_interval_s=1e6)
    source.on = False

    def ends() -> float:
        assert source._lease._timer is not None
        return source._lease._timer.when()

    assert (await source.apply(Command(id="a", on=True, lease_s=60))).outcome == Outcome.APPLIED
    for _ in range(4):
        before = ends()
        await asyncio.sleep(0.01)
        assert (await source.apply(Command(id="b", on=False, lease_s=60))).outcome == Outcome.DEFERRED
        assert ends() > before
    assert (source.leased, source.fallbacks) == (True, 0)
    await source.close()


@pytest.mark.parametrize(
    ("since_s", "by_user", "user_s", "outcome"),
    [
        (59, True, 60.0, Outcome.DEFERRED),
        (61, True, 60.0, Outcome.APPLIED),
        (61, False, 60.0, Outcome.DEFERRED),
        (61, True, None, Outcome.DEFERRED),
        (61, True, 900.0, Outcome.DEFERRED),
        (601, False, 60.0, Outcome.APPLIED),
    ],
)
async def test_a_change_by_a_user_waits_less_for_the_write_interval(
    since_s: float, by_user: bool, user_s: float | None, outcome: Outcome
) -> None:
    source = Plain(min_write_interval_s=600.0, user_write_interval_s=user_s)
    source._written_at = source._clock() - since_s
    result = await source.apply(Command(id="a", on=False, by_user=by_user))
    await source.close()
    assert result.outcome == outcome
    assert source.on is (outcome is Outcome.DEFERRED)


async def test_device_id_and_names() -> None:
    source = Plain()
    source.device_id = "d1"
    assert (source.device_id, source.name, source.source_id) == ("d1", "plain", "proof_of_heat:plain")


@pytest.mark.parametrize(
    ("err", "health"),
    [
        (UnreachableError("offline"), Health.FAILING),
        (AuthError("no"), Health.AUTH),
        (KeyError("x"), Health.FAILING),
        (RefusedError("never"), Health.OK),
    ],
)
async def test_a_failed_release_is_reported(err: Exception, health: Health) -> None:
    source = Plain()
    await source.refresh()
    source.fails = [err]
    result = await source.release()
    assert (result.outcome, source.state.health) == (Outcome.FAILED, health)


async def test_hanging_release_times_out() -> None:
    source = Plain()
    source.hangs = True
    async with asyncio.timeout(120):
        assert (await source.release()).outcome == Outcome.FAILED


@pytest.mark.parametrize(
    ("rests", "settle_s", "outcome"),
    [(True, 0.0, Outcome.APPLIED), (False, 60.0, Outcome.PENDING), (False, 0.0, Outcome.FAILED)],
)
async def test_release_is_read_back(rests: bool, settle_s: float, outcome: Outcome) -> None:
    source = Plain(settle_s=settle_s)
    source.rests = rests
    await source.refresh()
    assert (await source.release()).outcome == outcome


async def test_release_of_a_source_at_rest_writes_nothing() -> None:
    source = Plain()
    source.rests, source.on = True, False
    await source.refresh()
    assert (await source.release()).outcome == Outcome.UNCHANGED
    assert source.fallbacks == 0


async def test_the_end_of_a_lease_releases_control_until_it_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Plain()
    source._lease._retry = RetryPolicy(first_s=0.02, max_s=900.0)
    source.rests = True
    source.fails = [UnreachableError("offline"), UnreachableError("offline"), None]
    await source.apply(Command(id="a", on=True, lease_s=0.01))
    async with asyncio.timeout(120):
        while source.fallbacks < 3 or source.state.on is not False:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await source.close()


async def test_a_new_command_ends_the_release() -> None:
    source = Plain()
    source._lease._retry = RetryPolicy(first_s=0.05, max_s=900.0)
    source.fails = [UnreachableError("offline")] * 50
    await source.apply(Command(id="a", on=True, lease_s=0.01))
    async with asyncio.timeout(120):
        while not source.fallbacks:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await source.apply(Command(id="b", on=True, lease_s=60.0))
    seen = source.fallbacks
    await asyncio.sleep(0.2)
    assert source.fallbacks == seen
    await source.close()


async def test_closing_cancels_the_release() -> None:
    source = Plain()
    source._lease._retry = RetryPolicy(first_s=0.02, max_s=900.0)
    source.fails = [UnreachableError("offline")] * 50
    await source.apply(Command(id="a", on=True, lease_s=0.01))
    await asyncio.sleep(0.1)
    await source.close()
    seen = source.fallbacks
    await asyncio.sleep(0.1)
    assert source.fallbacks == seen


async def test_a_field_that_is_not_reported_counts_as_not_shown() -> None:
    source = Plain(settle_s=0.0)
    result = await source.apply(replace(Command(id="a"), mode="eco"))
    assert (result.outcome, "mode" in result.detail) == (Outcome.FAILED, True)
    await source.close()


async def test_a_change_of_health_is_logged_once_in_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    source = Plain()
    for health, detail in (
        (Health.OK, ""),
        (Health.FAILING, "no answer"),
        (Health.FAILING, "no answer"),
        (Health.OK, ""),
        (Health.DEGRADED, "board 2 is off"),
        (Health.AUTH, "HTTP 401"),
        (Health.LIMITED, "1,450 calls a day"),
        (Health.OK, ""),
    ):
        source._set_state(SourceState(at=0.0, health=health, detail=detail))
    messages = [record.getMessage() for record in caplog.records]
    assert messages[-6:] == [
        "plain is unavailable: no answer",
        "plain is available again",
        "plain has a problem: board 2 is off",
        "plain rejected the authentication: HTTP 401",
        "plain is not updated because of a call limit: 1,450 calls a day",
        "plain is available again",
    ]


async def test_a_fault_of_each_command_is_logged_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """The readings of a miner with a wrong password succeed, its commands fail."""
    caplog.set_level("INFO")
    now = 0.0
    log = HealthLog("miner", lambda: now)
    fault = SourceState(at=0.0, health=Health.AUTH, detail="wrong password")
    for minute in range(90):
        now = minute * 60.0
        log(fault)
        log(SourceState(at=0.0, health=Health.OK))
    assert caplog.text.count("miner rejected the authentication: wrong password") == 2
    assert caplog.text.count("miner is available again") == 2
    log(replace(fault, detail="locked"))
    log(SourceState(at=0.0, health=Health.OK))
    assert caplog.text.count("miner rejected the authentication: locked") == 1
    assert caplog.text.count("miner is available again") == 3


def test_errors_share_a_base_class() -> None:
    assert all(issubclass(kind, DriverError) for kind in (AuthError, BadReplyError, LimitedError, RefusedError))
