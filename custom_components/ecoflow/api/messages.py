"""The MQTT side's topics and payloads, and one flat form for every shape in which values arrive.

Topics are `/open/<account>/<sn>/<what>` with what = quota | status | set | set_reply. Values come as

- an HTTP reply `{"code": "0", "data": {"pd.soc": 56, …}}`,
- `{"data": {"quotaMap": {…}}}` (the device's latest quotas),
- an MQTT message `{"params": {…}}`, its keys full, or bare beside a `typeCode` or `cmdFunc`/`cmdId`,
- groups by module, `{"pd": {"pd.soc": 39}}` or `{"heartbeat": {"gridSta": 1}}`.

`normalise` turns all of them into `{"pd.soc": 56}`; lists stay as they are.
"""

from collections.abc import Iterator, Mapping
import json
from typing import Any

from .models import Message, QuotaMessage, SetReply, StatusMessage

MAX_PAYLOAD_BYTES = 256 * 1024
MAX_KEYS = 4000
MAX_DEPTH = 6
MAX_TEXT = 512
MAX_LIST = 256

_MODULE_BY_TYPE = {
    "pdStatus": "pd",
    "mpptStatus": "mppt",
    "invStatus": "inv",
    "bmsStatus": "bms_bmsStatus",
    "bmsInfo": "bms_bmsInfo",
    "emsStatus": "bms_emsStatus",
    "bmsSlaveStatus": "bms_slave",
    "bmsSlaveStatus_1": "bms_slave_bmsSlaveStatus_1",
    "bmsSlaveStatus_2": "bms_slave_bmsSlaveStatus_2",
    "kitInfo": "bms_kitInfo",
}
# Smart Home Panel: command set 11, by message id.
_PANEL_GROUPS = {
    2: "heartbeat",
    8: "cfgSta",
    23: "gridInfo",
    25: "epsModeInfo",
    27: "chUseInfo",
    30: "backupChaDiscCfg",
    33: "loadChInfo",
}
# One wire value for two names: the panel's push calls its channels differently from its full report.
_ALIASES = {"infoList": "channelPower.infoList"}
_ENVELOPE = frozenset({"id", "version", "code", "message", "sn", "time", "timestamp", "tid"})


def topic(account: str, sn: str, what: str) -> str:
    """Return a topic of the broker."""
    return f"/open/{account}/{sn}/{what}"


def parse_topic(text: str) -> tuple[str, str] | None:
    """Return (serial number, what) of a topic, None for a foreign one."""
    parts = text.split("/")
    if len(parts) != 5 or parts[0] or parts[1] != "open":
        return None
    return parts[3], parts[4]


def parse_message(topic_text: str, payload: bytes) -> Message | None:
    """Return what a message says, None when it is none of ours or makes no sense. Never raises."""
    if (address := parse_topic(topic_text)) is None or len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        content = json.loads(payload)
    except ValueError, RecursionError:
        return None
    if not isinstance(content, Mapping):
        return None
    sn, what = address
    match what:
        case "quota":
            return QuotaMessage(sn, normalise(content), _time_ms(content))
        case "status":
            return _status(sn, content)
        case "set_reply":
            return _set_reply(sn, content)
    return None


def normalise(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of any known shape as one flat mapping, bounded in number, depth and length."""
    body, prefix = _body(content)
    values: dict[str, Any] = {}
    for name, value in _leaves(body, prefix, 0):
        if len(values) >= MAX_KEYS:
            break
        values[_ALIASES.get(name, name)] = value
    return values


def _body(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the part of a payload that holds the values and the module its bare names belong to."""
    data = content.get("data")
    if isinstance(data, Mapping):
        quota_map = data.get("quotaMap")
        return (quota_map if isinstance(quota_map, Mapping) else data), ""
    for name in ("params", "param"):
        if isinstance(inner := content.get(name), Mapping):
            return inner, _module(content, inner)
    return content, ""


def _module(content: Mapping[str, Any], inner: Mapping[str, Any]) -> str:
    if (type_code := content.get("typeCode")) is not None:
        return _MODULE_BY_TYPE.get(str(type_code), str(type_code)[:64])
    function, command = content.get("cmdFunc"), content.get("cmdId")
    # Function 254 is the newer generation (Delta Pro 3, Delta 3): its names stand alone in every shape.
    if isinstance(function, int) and isinstance(command, int) and function != 254:
        return f"{function}_{command}"
    if inner.get("cmdSet") == 11 and isinstance(inner.get("id"), int):
        return _PANEL_GROUPS.get(inner["id"], "")
    return ""


def _leaves(body: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for raw_name, value in body.items():
        name = str(raw_name)[:128]
        if name == "latestTimeStamp" or (not prefix and name in _ENVELOPE):
            continue
        path = name if not prefix or name.startswith(f"{prefix}.") else f"{prefix}.{name}"
        if isinstance(value, Mapping):
            if depth < MAX_DEPTH:
                yield from _leaves(value, path, depth + 1)
        else:
            yield path, _bounded(value)


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return value[:MAX_LIST]
    return value


def _time_ms(content: Mapping[str, Any]) -> int | None:
    inner = content.get("params") or content.get("param")
    for place in (content, inner):
        if isinstance(place, Mapping):
            for name in ("timestamp", "latestTimeStamp"):
                value = place.get(name)
                if isinstance(value, int) and not isinstance(value, bool) and value > 1_000_000_000_000:
                    return value
    return None


def _status(sn: str, content: Mapping[str, Any]) -> StatusMessage | None:
    params = content.get("params", content)
    status = params.get("status") if isinstance(params, Mapping) else None
    if status in (0, "0", False):
        return StatusMessage(sn, online=False)
    if status in (1, "1", True):
        return StatusMessage(sn, online=True)
    return None


def _set_reply(sn: str, content: Mapping[str, Any]) -> SetReply | None:
    """Read a device's answer. Families say "done" as `ack: 0`, `result: 0` or `configOk: true`."""
    if (reply_id := content.get("id")) is None:
        return None
    data = content.get("data")
    data = dict(data) if isinstance(data, Mapping) else {}
    code = str(content.get("code", "0"))
    ok = code == "0" and _done(data)
    detail = "" if ok else str(content.get("message") or f"code {code}, {data or 'no data'}")[:200]
    return SetReply(sn, str(reply_id), ok, detail, data)


def _done(data: Mapping[str, Any]) -> bool:
    if "configOk" in data:
        return data["configOk"] is True
    marks = [data[name] for name in ("ack", "result") if name in data]
    return all(mark in (0, "0", False) for mark in marks)
