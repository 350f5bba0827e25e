"""Mappings that a user makes: which member of a device's JSON is which metric, in which unit.

A path names members and positions: `SML.Power_curr`, `phases[1].p`, `["a.b"].c` for a name with a dot in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final, Self

from .errors import DecodeError, Reason
from .message import Message
from .metrics import MAX_NAME, METRICS, resolve
from .reading import add
from .tolerant_json import parse_json

ANY_DEVICE: Final = "*"
MAX_MAPPINGS: Final = 200
MAX_PATH: Final = 200
_MAX_DEPTH: Final = 8
_MAX_LEAVES: Final = 200
_STEP: Final = re.compile(r"""\[(?:(\d{1,4})|"((?:[^"\\]|\\.)*)")\]|\.?([^.\[\]"]+)""")
_PLAIN: Final = re.compile(r'[^.\[\]"]+')

type Step = str | int


class MappingError(ValueError):
    """A mapping cannot be used; the text is the code of the form error."""


def parse_path(text: str) -> tuple[Step, ...]:
    """Return the steps of a path.

    Raises:
        MappingError: It is not a path.
    """
    text = text.strip().removeprefix("$").removeprefix(".")
    steps: list[Step] = []
    at = 0
    while at < len(text) <= MAX_PATH and (found := _STEP.match(text, at)) is not None:
        index, quoted, name = found.groups()
        if index is not None:
            steps.append(int(index))
        else:
            steps.append(name if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\"))
        at = found.end()
    if not steps or at != len(text) or len(steps) > _MAX_DEPTH:
        raise MappingError("path_invalid")
    return tuple(steps)


def format_path(steps: Iterable[Step]) -> str:
    """Return the text of a path."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def value_at(found: Any, steps: Iterable[Step]) -> Any:
    """Return what is at a path.

    Raises:
        KeyError: There is nothing.
    """
    for step in steps:
        match found:
            case dict() if isinstance(step, str) and step in found:
                found = found[step]
            case list() if isinstance(step, int) and step < len(found):
                found = found[step]
            case _:
                raise KeyError(step)
    return found


def leaves_of(found: Any, before: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Yield the paths and values of a message, for a form; not more than a form can show."""
    for number, leaf in enumerate(_leaves(found, before)):
        if number == _MAX_LEAVES:
            return
        yield leaf


def _leaves(found: Any, before: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    if len(before) > _MAX_DEPTH:
        return
    if isinstance(found, dict | list):
        for step, inner in found.items() if isinstance(found, dict) else enumerate(found):
            yield from _leaves(inner, (*before, step))
    elif before:
        yield before, found


@dataclass(frozen=True, slots=True)
class MetricMapping:
    """One mapping.

    Attributes:
        device: `site/system/device`, or `*` for all devices.
        path: Where the value is.
        metric: The key of its metric.
        unit: The unit in which the device sends it; "" if the metric has none, or if it is that of the metric.
    """

    device: str
    path: str
    metric: str
    unit: str = ""

    @classmethod
    def create(cls, stored: Any) -> Self:
        """Return a checked mapping.

        Raises:
            MappingError: It cannot be used.
        """
        if not isinstance(stored, Mapping):
            raise MappingError("mapping_invalid")
        texts = {name: stored.get(name, "") for name in ("device", "path", "metric", "unit")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise MappingError("mapping_invalid")
        device = texts["device"].strip() or ANY_DEVICE
        if device != ANY_DEVICE and device.count("/") != 2:
            raise MappingError("device_invalid")
        resolved = resolve(texts["metric"].strip()) if len(texts["metric"]) <= MAX_NAME else None
        if resolved is None or resolved[1] != 1.0:
            raise MappingError("metric_invalid")
        return cls(device, format_path(parse_path(texts["path"])), resolved[0], texts["unit"].strip())

    def as_dict(self) -> dict[str, str]:
        """Return the stored form, which is also the exported one."""
        stored = {"device": self.device, "path": self.path, "metric": self.metric}
        return stored | {"unit": self.unit} if self.unit else stored


class Mappings:
    """The mappings of an entry, by device."""

    def __init__(self, stored: Iterable[Any] = ()) -> None:
        self._of: dict[str, list[tuple[MetricMapping, tuple[Step, ...]]]] = {}
        for each in stored:
            mapping = MetricMapping.create(each)
            self._of.setdefault(mapping.device, []).append((mapping, parse_path(mapping.path)))

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._of)

    def apply(self, device: str, message: Message, payload: bytes | str) -> None:
        """Add the mapped values of a device's message to it; they take precedence over decoded ones."""
        mappings = [*self._of.get(ANY_DEVICE, ()), *self._of.get(device, ())]
        if not mappings:
            return
        try:
            found, _ = parse_json(payload)
        except DecodeError:
            return
        for mapping, steps in mappings:
            try:
                value = value_at(found, steps)
            except KeyError:
                continue
            message.metrics.pop(mapping.metric, None)
            message.rejected.pop(mapping.metric, None)
            if isinstance(value, dict | list):
                message.rejected[mapping.metric] = Reason.BAD_VALUE
            else:
                add(message, mapping.metric, value, mapping.unit or None)
            if message.original is None:
                message.original = found


def preview(mapping: MetricMapping, payload: bytes | str) -> tuple[Any, str | None]:
    """Return the value and unit that a mapping reads from a message; None where it reads nothing."""
    message = Message({})
    Mappings([mapping.as_dict()]).apply(mapping.device, message, payload)
    known = METRICS.get(mapping.metric)
    unit = message.units.get(mapping.metric) if known is None else known.unit
    return message.metrics.get(mapping.metric), unit
