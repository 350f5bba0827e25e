"""The settings that a device had before it was controlled, and that it gets back when control ends.

A control period begins with the first command and ends with a confirmed release. At its start, the settings that
commands change are kept; they are on disk before the first write. While it lasts, the device is followed: a value that
changes without a command was changed by the user, and the newer value is the one that is restored.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
import time
from typing import Any, Final

type SettingValue = float | str | bool
type Shown = Mapping[str, SettingValue | None]
"""What a device shows, by the driver's key; None: not reported."""
type Settings = Mapping[str, SettingValue]
type IsSame = Callable[[str, SettingValue, SettingValue], bool]
type Save = Callable[[Mapping[str, Any] | None], Awaitable[None]]
"""Stores the control period durably; None removes it. It never raises: what cannot be stored is kept in memory."""

FOLLOW_UP_S: Final = 120.0
"""For this time after a write, other settings may change because of it: a setpoint ends a preset, for example."""
_COMMANDS_KEPT: Final = 2
"""A crash may come between storing a command and writing it: the device then shows the one before."""


async def _not_stored(_: Mapping[str, Any] | None) -> None:
    """Keep the settings in memory only."""


class DeviceSettings:
    """The user's settings of one device.

    Args:
        save: Stores a control period.
        clock: Seconds of a clock that never jumps.
    """

    def __init__(self, save: Save = _not_stored, clock: Callable[[], float] = time.monotonic) -> None:
        self._save = save
        self.clock = clock
        self._values: dict[str, SettingValue] | None = None
        self._written: dict[str, list[SettingValue]] = {}
        """Settings that commands have changed, with the last commanded values."""
        self._baseline: dict[str, SettingValue] = {}
        """What the device shows of those as long as the user changes nothing."""
        self._expected: dict[str, SettingValue] = {}
        """Commanded values that the device does not show yet."""
        self._expected_until = 0.0
        self._follow_up_until = 0.0

    @property
    def held(self) -> bool:
        """Whether a control period is open: the device may have a setting that is not the user's."""
        return self._values is not None

    @property
    def values(self) -> Settings:
        """The user's settings; empty without a control period."""
        return dict(self._values or {})

    def commanded(self, key: str) -> tuple[SettingValue, ...]:
        """Return the last commanded values of a setting, the newest last; also from before a restart."""
        return tuple(self._written.get(key, ()))

    def may_have_changed(self, key: str) -> bool:
        """Return whether a command of this control period may have changed a setting."""
        return key in self._written

    def load(self, stored: object) -> None:
        """Continue a control period from before a restart; anything else than a stored one is ignored."""
        if not isinstance(stored, Mapping) or not isinstance(values := stored.get("values"), Mapping):
            return
        written = stored.get("written")
        self._values = {str(key): value for key, value in values.items() if _is_value(value)}
        self._written = {
            str(key): [value for value in rows if _is_value(value)]
            for key, rows in (written.items() if isinstance(written, Mapping) else ())
            if isinstance(rows, list)
        }

    def dump(self) -> dict[str, Any] | None:
        """Return the control period in its stored form."""
        if self._values is None:
            return None
        return {"values": dict(self._values), "written": {key: list(rows) for key, rows in self._written.items()}}

    async def hold(self, shown: Shown) -> None:
        """Begin a control period with what the device shows, if none is open."""
        if self._values is None:
            self._values = {key: value for key, value in shown.items() if value is not None}
            self._forget()
            await self._save(self.dump())

    async def expect(self, commanded: Settings, changed: Collection[str], settle_s: float) -> None:
        """Note a command before it is written: what it sets, and the other settings that it may change."""
        now, before = self.clock(), self.dump()
        self._expected |= commanded
        self._expected_until = now + settle_s
        self._follow_up_until = now + max(settle_s, FOLLOW_UP_S)
        for key in changed:
            self._baseline.pop(key, None)
            self._written.setdefault(key, [])
        for key, value in commanded.items():
            self._baseline.pop(key, None)
            self._note(key, value)
        if (period := self.dump()) != before:
            await self._save(period)

    async def choose(self, key: str, value: SettingValue) -> None:
        """Note that the user selected a value in Home Assistant."""
        if self._values is not None and self._values.get(key) != value:
            self._values[key] = value
            await self._save(self.dump())

    async def follow(self, shown: Shown, is_same: IsSame) -> None:
        """Compare with what the device shows: a change without a command is the user's."""
        if self._values is None:
            return
        before = self.dump()
        for key, value in shown.items():
            if value is not None and self._is_users(key, value, is_same):
                self._values[key] = value
        if (period := self.dump()) != before:
            await self._save(period)

    def _is_users(self, key: str, value: SettingValue, is_same: IsSame) -> bool:
        """Return whether a value is the user's; notes what the device shows after a command."""
        if key not in self._written:
            return True
        now = self.clock()
        if key in self._expected:
            shows_command = is_same(key, value, self._expected[key])
            if shows_command or now > self._expected_until:
                del self._expected[key]
                self._baseline[key] = value
                if not shows_command:  # the device has its own idea of the command
                    self._note(key, value)
            return False
        known = self._baseline.get(key)
        if known is not None and is_same(key, value, known):
            return False
        self._baseline[key] = value
        rows = self._written[key]
        if known is None:  # the first reading after a restart
            user = self._values.get(key) if self._values is not None else None
            return bool(rows) and not any(is_same(key, value, row) for row in (*rows, value if user is None else user))
        return bool(rows) or now > self._follow_up_until

    def _note(self, key: str, value: SettingValue) -> None:
        rows = self._written.get(key, [])
        if value not in rows[-1:]:
            self._written[key] = [*rows, value][-_COMMANDS_KEPT:]

    async def clear(self) -> None:
        """End the control period: the device has the user's settings again."""
        if self._values is not None:
            self._values = None
            self._forget()
            await self._save(None)

    def _forget(self) -> None:
        self._written.clear()
        self._baseline.clear()
        self._expected.clear()


def _is_value(value: object) -> bool:
    return isinstance(value, (bool, int, float, str))
