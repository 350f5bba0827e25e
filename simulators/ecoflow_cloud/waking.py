"""What a device reports while it starts: placeholders of integers, values that are missing, times that are none.

Captures and owners' reports show these literals: all bits set or the limits of a signed integer where a part has no
value yet, 5939, 5999 and 143999 minutes (or a negative number) as a time that is none, 255 as a level or a state, and
parts that do not report at all. Each report of a start shows other ones.
"""

from collections.abc import Mapping
import re
from typing import Any, Final

_MISSING: Final = object()
_WORDS: Final = (65_535, 4_294_967_295, 32_767, _MISSING, -32_768)
_SIGNED: Final = (32_767, 2_147_483_647, -32_768, _MISSING, -2_147_483_648)
_MINUTES: Final = (5_999, 143_999, -1, 65_535, _MISSING, 5_939, 32_767)
_LEVELS: Final = (255, 65_535, _MISSING)
_COUNTERS: Final = (4_294_967_295, _MISSING, 0)
_SETTINGS: Final = (_MISSING, 255)
# The first pattern that is found in a name without its module decides; what no pattern knows is sent as it is.
_KINDS: Final[tuple[tuple[re.Pattern[str], tuple[Any, ...]], ...]] = tuple(
    (re.compile(pattern), literals)
    for pattern, literals in (
        (r"^(err|fault)|Code$|Sn$|updateTime|^ico|productType|IsConnt$|Online$|Rssi$", ()),
        (r"Rem(ain)?Time$|^remainTime$", _MINUTES),
        (r"^(chg|dsg)(Power(A[cC]|D[cC])|SunPower)$", _COUNTERS),
        (r"[wW]att?s((In|Out)Sum)?$", _WORDS),
        (
            r"^cfg|[eE]nable|[sS]tand[bB]y|lcdOff|screenOff|[bB]eep|[xX]boost|Limit$|rightness|Config$|En$|Set$",
            _SETTINGS,
        ),
        (r"[sS]oc$|^soh$|^batPct$|Prio(rity)?$|OilEb$", _LEVELS),
        (r"Stat(e)?$|Sta$|^flowInfo|InFlag$|Flag$|OnOff$", _LEVELS),
        (r"[aA]mp$|[cC]ur(rent)?$|[tT]emp|^tmp", _SIGNED),
        (r"[wW]at$|^pow|PowMax$|[vV]olt?$|[fF]re?q$|Feq$|Cap$|cycles|fanLevel|Power$|Speed$", _WORDS),
    )
)


def _literals(name: str) -> tuple[Any, ...]:
    bare = name.rpartition(".")[2]
    return next((literals for pattern, literals in _KINDS if pattern.search(bare)), ())


def waking(values: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the values of the report with this number, counted from the start of the device."""
    found: dict[str, Any] = {}
    for position, (name, value) in enumerate(values.items()):
        literals = _literals(name)
        shown = literals[(number + position) % len(literals)] if literals else value
        if shown is not _MISSING:
            found[name] = shown
    return found
