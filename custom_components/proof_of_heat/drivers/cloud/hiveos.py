"""HiveOS: workers of all farms that a personal token can access, over API v2.

Facts: HiveOS' public API description. Start and stop are commands to the mining program of a worker; an
overclocking profile (`oc_id`) serves as its power profile.
"""

from typing import Any, Final, override

import aiohttp

from ..errors import BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..values import at, highest, number, number_at, rows_at, scaled
from .account import CloudAccount, Rig

BASE_URL: Final = "https://api2.hiveos.farm/api/v2"
_KILO: Final = 1e-9
"""HiveOS reports kH/s."""


class HiveOsAccount(CloudAccount):
    """The account of a token."""

    def __init__(self, session: aiohttp.ClientSession, token: str, *, base_url: str = BASE_URL) -> None:
        super().__init__()
        self._http = JsonHttp(session, base_url, 15.0)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._profiles: dict[str, dict[str, int]] = {}

    async def _call(self, method: str, path: str, value: object = None) -> Any:
        body = None if value is None else dumps(value)
        return await self._http.request(method, path, body=body, headers=self._headers)

    async def _rows(self, path: str) -> list[Any]:
        rows = at(await self._call("GET", path), "data")
        if not isinstance(rows, list):
            raise BadReplyError(f"{path}: the reply is not a list")
        return rows

    @override
    async def _fetch(self) -> dict[str, Rig]:
        rigs: dict[str, Rig] = {}
        for farm in await self._rows("/farms"):
            farm_id = number_at(farm, "id")
            if farm_id is None:
                continue
            profiles = await self._profiles_of(int(farm_id))
            for row in await self._rows(f"/farms/{int(farm_id)}/workers"):
                if (rig := decode_worker(int(farm_id), row, profiles)) is not None:
                    rigs[rig.id] = rig
        return rigs

    async def _profiles_of(self, farm_id: int) -> dict[str, int]:
        """Return the IDs of the farm's overclocking profiles by name; fetched once."""
        key = str(farm_id)
        if key not in self._profiles:
            try:
                rows = await self._rows(f"/farms/{farm_id}/oc")
            except RefusedError:  # the token may not see them
                rows = []
            self._profiles[key] = {
                str(at(row, "name")): int(number) for row in rows if (number := number_at(row, "id")) is not None
            }
        return self._profiles[key]

    @override
    async def set_running(self, rig_id: str, running: bool) -> None:
        data = {"action": "start" if running else "stop", "miner_index": 0}
        await self._call("POST", f"{_path(rig_id)}/command", {"command": "miner", "data": data})

    @override
    async def set_mode(self, rig_id: str, mode: str) -> None:
        profile = self._profiles.get(rig_id.partition("/")[0], {}).get(mode)
        if profile is None:
            raise RefusedError(f"the farm has no overclocking profile {mode}")
        await self._call("PATCH", _path(rig_id), {"oc_id": profile})


def _path(rig_id: str) -> str:
    farm, _, worker = rig_id.partition("/")
    return f"/farms/{farm}/workers/{worker}"


def decode_worker(farm_id: int, row: object, profiles: dict[str, int]) -> Rig | None:
    """Return the rig of a row of a farm's workers. Without a start time, the mining program is not running."""
    worker_id = number_at(row, "id")
    if worker_id is None:
        return None
    online = at(row, "stats", "online") is True
    started = number_at(row, "stats", "miner_start_time")
    chosen = number_at(row, "oc_id")
    names = {number: name for name, number in profiles.items()}
    rates = [number(at(part, "hash")) for part in rows_at(row, "miners_summary", "hashrates")]
    known = [rate for rate in rates if rate is not None]
    watts = number_at(row, "stats", "power_draw")
    return Rig(
        id=f"{farm_id}/{int(worker_id)}",
        name=str(at(row, "name") or int(worker_id)),
        mining=bool(started) if online else None,
        online=online,
        power_w=number_at(row, "hardware_power_draw") if watts is None else watts,
        hashrate_ths=scaled(sum(known), _KILO, 9) if known else None,
        mode=None if chosen is None else names.get(int(chosen)),
        modes=tuple(profiles),
        chip_c=highest([number_at(card, "temp") for card in rows_at(row, "gpu_stats")]),
    )
