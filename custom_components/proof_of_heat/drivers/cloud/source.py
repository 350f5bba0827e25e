"""A rig in a miner cloud as a heat source."""

from typing import Any, override

from ..._lib.heat_source import Capabilities, Command, Control, Health, SourceKind, SourceState
from ..base import SourceBase
from ..device_settings import Settings
from ..errors import RefusedError
from ..source_parts import Timing
from .account import CloudAccount, Rig


def capabilities_of(rig: Rig, *, settle_s: float = 180.0) -> Capabilities:
    """Return the capabilities of a rig in this cloud."""
    controls = {Control.ON_OFF} if rig.controllable else set()
    if rig.controllable and rig.modes:
        controls.add(Control.MODE)
    return Capabilities(
        kind=SourceKind.MINER,
        controls=frozenset(controls),
        modes=rig.modes,
        reads_power=True,
        reads_heat=True,
        settle_s=settle_s,
        min_write_interval_s=60.0,
    )


class RigSource(SourceBase):
    """A rig."""

    timing = Timing(read_s=25.0, write_s=25.0, fresh_s=20.0, verify_s=2.0, verify_step_s=1.0)

    def __init__(self, source_id: str, account: CloudAccount, rig: Rig, **options: Any) -> None:
        super().__init__(source_id, rig.name, options.pop("capabilities", capabilities_of(rig)), **options)
        self._account = account
        self._rig_id = rig.id

    @override
    async def _read(self) -> SourceState:
        rig = await self._account.rig(self._rig_id)
        power_w = 0.0 if rig.mining is False and rig.power_w is None else rig.power_w
        return SourceState(
            at=self._now(),
            health=Health.OK if rig.online else Health.FAILING,
            detail=rig.detail if rig.online else rig.detail or "rig offline",
            on=rig.mining,
            power_w=power_w if rig.online else None,
            heat_w=power_w if rig.online else None,
            mode=rig.mode,
            hashrate_ths=rig.hashrate_ths,
            extra={"chip_temperature": rig.chip_c, "profitability": rig.profitability_btc_day, **rig.extra},
        )

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        if not self._capabilities.controls:
            raise RefusedError("the cloud does not manage this rig, it is read-only")
        if wanted.mode is not None:
            await self._account.set_mode(self._rig_id, wanted.mode)
        if wanted.on is not None:
            await self._account.set_running(self._rig_id, wanted.on)
        self._account.invalidate()

    @override
    def _rest(self, settings: Settings) -> Settings:
        """Stopped, in the user's mode: the safe state of a miner that heats on demand."""
        return {**settings, "on": False} if Control.ON_OFF in self._capabilities.controls else {}
