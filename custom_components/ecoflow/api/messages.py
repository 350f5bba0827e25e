"""MQTT topics and payloads, and the conversion of all payload shapes to one flat form.

Topics are `/open/<account>/<sn>/<type>` with the types quota, status, set and set_reply. Values arrive as

- an HTTP reply `{"code": "0", "data": {"pd.soc": 56, …}}`,
- `{"data": {"quotaMap": {…}}}` (the device's latest quotas),
- an MQTT message `{"params": {…}}` with full names, or with bare names and a `typeCode` or `cmdFunc`/`cmdId`,
- groups by module, `{"pd": {"pd.soc": 39}}` or `{"heartbeat": {"gridSta": 1}}`.

`normalize` converts all of them to `{"pd.soc": 56}`; lists are kept.
"""

from collections.abc import Iterator, Mapping
import json
import re
from typing import Any

from .models import Message, QuotaMessage, SetReply, StatusMessage
from .wire_values import as_number

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
# Groups of the Smart Home Panel (command set 11) by message id.
_PANEL_GROUPS = {
    2: "heartbeat",
    8: "cfgSta",
    23: "gridInfo",
    25: "epsModeInfo",
    27: "chUseInfo",
    30: "backupChaDiscCfg",
    33: "loadChInfo",
}
# The Smart Home Panel names its channels differently in MQTT messages and in HTTP replies.
_ALIASES = {"infoList": "channelPower.infoList"}
# Numbers as C prints them, where a value is expected; texts are matched too, so that they are skipped.
_NOT_A_NUMBER = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?<=[:\[,\s])[-+]?(?:nan|inf|infinity)(?:\(\w*\))?(?=\s*[,}\]])', re.IGNORECASE
)
_ENVELOPE = frozenset({"id", "version", "code", "message", "sn", "time", "timestamp", "tid"})


def topic(account: str, sn: str, message_type: str) -> str:
    """Return the topic of a device for a message type."""
    return f"/open/{account}/{sn}/{message_type}"


def parse_topic(text: str) -> tuple[str, str] | None:
    """Return the serial number and message type of a topic, None for any other topic."""
    parts = text.split("/")
    if len(parts) != 5 or parts[0] or parts[1] != "open":
        return None
    return parts[3], parts[4]


def parse_message(topic_text: str, payload: bytes) -> Message | None:
    """Return the parsed message, None if it is not valid. Never raises."""
    if (address := parse_topic(topic_text)) is None or len(payload) > MAX_PAYLOAD_BYTES:
        return None
    content = _parsed(payload)
    if not isinstance(content, Mapping):
        return None
    sn, message_type = address
    match message_type:
        case "quota":
            return QuotaMessage(sn, normalize(content), _time_ms(content))
        case "status":
            return _status(sn, content)
        case "set_reply":
            return _set_reply(sn, content)
    return None


def _parsed(payload: bytes) -> Any:
    """Return the content of a JSON payload, None if it is none.

    A number that firmware printed as nan or inf, or a text in another encoding, is unknown and does not hide the rest.
    """
    text = payload.decode("utf-8-sig", errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        text = _NOT_A_NUMBER.sub(lambda found: found[0] if found[0].startswith('"') else "null", text)
    except RecursionError:
        return None
    try:
        return json.loads(text)
    except ValueError, RecursionError:
        return None


def normalize(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a payload as a flat mapping, limited in number, depth and length."""
    body, prefix = _body(content)
    values: dict[str, Any] = {}
    for name, value in _leaves(body, prefix, 0):
        if len(values) >= MAX_KEYS:
            break
        values[_ALIASES.get(name, name)] = value
    return values


def _body(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the part of a payload with the values, and the module of its bare names."""
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
    function, command = (_integer(content.get(name)) for name in ("cmdFunc", "cmdId"))
    # Function 254 is the newer generation (DELTA Pro 3, DELTA 3), whose names have no module in any shape.
    if function is not None and command is not None and function != 254:
        return f"{function}_{command}"
    if as_number(inner.get("cmdSet")) == 11 and (group := as_number(inner.get("id"))) is not None:
        return _PANEL_GROUPS.get(int(group), "")
    return ""


def _integer(value: Any) -> int | None:
    """Return an integer, which some gateways send as a text."""
    number = as_number(value)
    return None if number is None else int(number)


def _leaves(body: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for raw_name, raw_value in body.items():
        name = str(raw_name)[:128]
        if name == "latestTimeStamp" or (not prefix and name in _ENVELOPE):
            continue
        path = name if not prefix or name.startswith(f"{prefix}.") else f"{prefix}.{name}"
        value = _unpacked(raw_value)
        if isinstance(value, Mapping):
            if depth < MAX_DEPTH:
                yield from _leaves(value, path, depth + 1)
        else:
            yield path, _limited(value)


def _unpacked(value: Any) -> Any:
    """Return the object in a JSON text, as Power Kits report their parts; any other value as it is."""
    if not isinstance(value, str) or not (value.startswith("{") and value.endswith("}")):
        return value
    try:
        content = json.loads(value[:MAX_PAYLOAD_BYTES])
    except ValueError, RecursionError:
        return value
    return content if isinstance(content, Mapping) else value


def _limited(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return value[:MAX_LIST]
    return value


def _time_ms(content: Mapping[str, Any]) -> int | None:
    inner = content.get("params") or content.get("param")
    for part in (content, inner):
        if isinstance(part, Mapping):
            for name in ("timestamp", "latestTimeStamp"):
                value = part.get(name)
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
    """Parse an answer. Depending on the family, success is `ack: 0`, `result: 0` or `configOk: true`."""
    if (reply_id := content.get("id")) is None:
        return None
    data = content.get("data")
    data = dict(data) if isinstance(data, Mapping) else {}
    code = str(content.get("code", "0"))
    ok = code == "0" and _succeeded(data)
    detail = "" if ok else str(content.get("message") or f"code {code}, {data or 'no data'}")[:200]
    return SetReply(sn, str(reply_id), ok, detail, data)


def _succeeded(data: Mapping[str, Any]) -> bool:
    if "configOk" in data:
        return data["configOk"] is True
    results = [data[name] for name in ("ack", "result") if name in data]
    return all(result in (0, "0", False) for result in results)
