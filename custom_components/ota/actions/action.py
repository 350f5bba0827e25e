"""What an action consists of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.core import ServiceResponse, SupportsResponse

from ..data import OtaConfigEntry

type ActionFunction = Callable[[OtaConfigEntry, Mapping[str, Any]], Awaitable[ServiceResponse]]


@dataclass(frozen=True, slots=True)
class Action:
    """The schema and the function of an action."""

    schema: dict[Any, Any]
    run: ActionFunction
    response: SupportsResponse = SupportsResponse.NONE
