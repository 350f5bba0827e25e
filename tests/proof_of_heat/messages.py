"""A decision with all parts, and its text in every language."""

import math
from typing import Final

import numpy as np

from custom_components.proof_of_heat.engine.decision_record import ControlMode, DecisionRecord, SourceShare
from custom_components.proof_of_heat.engine.messages import TEMPLATES, Message, MessageCode, message

NAMES: Final = {"pump-1": "Vitocal 200", "miner-1": "Miner in the cellar", "zone-1": "Bad"}
RECORD: Final = DecisionRecord(
    now_s=1.77e9,
    revision="c",
    control_mode=ControlMode.PLAN,
    room_c=20.5,
    outdoor_c=-3.0,
    lower_c=20.0,
    upper_c=22.0,
    demand_w=4000.0,
    requested_w=4000.0,
    flow_c=34.0,
    mix=(
        SourceShare("pump-1", 4250.0, 1100.0, 0.0812),
        SourceShare("miner-1", 0.0, 0.0, math.nan),
    ),
    cost_h=0.35,
    heat_value_kwh=math.nan,
    reasons=(
        message(MessageCode.PLAN, hours=48.0, heat_kwh=120.4),
        message(MessageCode.COMING_FOR, lower_c=21.0, in_h=2.25, why=("zone-1", "schedule")),
    ),
    limits=(
        message(MessageCode.MUST_REST, source="miner-1"),
        message(MessageCode.FLOW_LIMIT, source="pump-1", flow_c=55.1, limit_c=np.float64(55)),
    ),
    notes=(message(MessageCode.ROOM_STALE, zone="zone-1"),),
)
TEXTS: Final = {
    "en": "Cheapest plan for 48 h with 120 kWh of heat, at least 21.0 °C in 2 h 15 min (Bad: schedule). "
    "Vitocal 200 4.2 kW at 0.081 EUR/kWh. Limited: Miner in the cellar: minimum off time not reached; "
    "Vitocal 200: flow temperature 55.1 °C has reached the maximum of 55.0 °C",
    "de": "Günstigster Plan für 48 h mit 120 kWh Wärme, mindestens 21,0 °C in 2 h 15 min (Bad: schedule). "
    "Vitocal 200 4,2 kW zu 0,081 EUR/kWh. Eingeschränkt: Miner in the cellar: Mindestpause läuft noch; "
    "Vitocal 200: Vorlauftemperatur 55,1 °C am Maximum von 55,0 °C",
    "fi": "Edullisin suunnitelma 48 tunnille, lämpöä 120 kWh, vähintään 21,0 °C 2 h 15 min kuluttua (Bad: schedule). "
    "Vitocal 200 4,2 kW hintaan 0,081 EUR/kWh. Rajoitukset: Miner in the cellar: vähimmäistauko on kesken; "
    "Vitocal 200: menovesi 55,1 °C, yläraja 55,0 °C",
    "ru": "Самый выгодный план на 48 ч: 120 kWh тепла, не ниже 21,0 °C через 2 ч 15 мин (Bad: schedule). "
    "Vitocal 200 4,2 kW по 0,081 EUR/kWh. Ограничения: Miner in the cellar: минимальная пауза ещё не истекла; "
    "Vitocal 200: температура подачи 55,1 °C достигла максимума 55,0 °C",
}


def sample(code: MessageCode) -> Message:
    """A message with a number for each number and an id for each id."""
    return Message(code, {name: 12.345 if spec else "pump-1" for name, spec in TEMPLATES[code].formats.items()})
