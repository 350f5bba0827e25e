/** The cards of proof_of_heat. */

import { CopCard } from "../cards/cop/card.js";
import { stubConfig as copStub } from "../cards/cop/config.js";
import { TAG as COP } from "../cards/cop/const.js";
import { EnergyFlowCard } from "../cards/energy-flow/card.js";
import { stubConfig as flowStub } from "../cards/energy-flow/config.js";
import { TAG as FLOW } from "../cards/energy-flow/const.js";
import { HeatingCurveCard } from "../cards/heating-curve/card.js";
import { stubConfig as curveStub } from "../cards/heating-curve/config.js";
import { TAG as CURVE } from "../cards/heating-curve/const.js";
import { HeatingOverviewCard } from "../cards/heating-overview/card.js";
import { stubConfig } from "../cards/heating-overview/config.js";
import { TAG as OVERVIEW } from "../cards/heating-overview/const.js";
import { HouseCard } from "../cards/house/card.js";
import { stubConfig as houseStub } from "../cards/house/config.js";
import { TAG as HOUSE } from "../cards/house/const.js";
import { TEXTS as WEEK_TEXTS, WeekScheduleCard } from "../cards/week-schedule/card.js";
import { registerCard } from "../lib/card.js";
import { TEXTS } from "../lib/proof-of-heat.js";
import type { HomeAssistant } from "../lib/types.js";

/** The comfort times of a room. */
class ZoneScheduleCard extends WeekScheduleCard {
  static override platform = "proof_of_heat";
  static override entityDomain = "climate";
}

const SYSTEM_ENTITIES = new Set(["decision", "cost_per_hour", "demand", "heat_power", "savings"]);

const COP_ENTITIES = new Set(["cop_day", "cop_month", "cop_now", "spf"]);
const FLOW_ENTITIES = new Set(["electricity", "heat", "cost"]);
const HOUSE_ENTITIES = new Set(["heat_loss", "model_error", "learning_progress"]);
const CURVE_ENTITIES = new Set(["slope", "level", "max_flow", "flow_setpoint"]);

const isOneOf = (hass: HomeAssistant, entityId: string, keys: ReadonlySet<string>): boolean => {
  const entity = hass.entities[entityId];
  return entity?.platform === "proof_of_heat" && keys.has(entity.translation_key ?? "");
};

registerCard({
  tag: OVERVIEW,
  element: HeatingOverviewCard,
  texts: TEXTS,
  key: "overview",
  docs: "cards.md#heating-overview",
  suggest: (hass, entityId) => (isOneOf(hass, entityId, SYSTEM_ENTITIES) ? stubConfig() : null),
});

registerCard({
  tag: CURVE,
  element: HeatingCurveCard,
  texts: TEXTS,
  key: "curve",
  docs: "cards.md#heating-curve",
  suggest: (hass, entityId) => (isOneOf(hass, entityId, CURVE_ENTITIES) ? curveStub() : null),
});

registerCard({
  tag: COP,
  element: CopCard,
  texts: TEXTS,
  key: "cop",
  docs: "cards.md#cop",
  suggest: (hass, entityId) => (isOneOf(hass, entityId, COP_ENTITIES) ? copStub() : null),
});

registerCard({
  tag: FLOW,
  element: EnergyFlowCard,
  texts: TEXTS,
  key: "flow",
  docs: "cards.md#energy-flow",
  suggest: (hass, entityId) => (isOneOf(hass, entityId, FLOW_ENTITIES) ? flowStub() : null),
});

registerCard({
  tag: HOUSE,
  element: HouseCard,
  texts: TEXTS,
  key: "house",
  docs: "cards.md#house-report",
  suggest: (hass, entityId) => (isOneOf(hass, entityId, HOUSE_ENTITIES) ? houseStub() : null),
});

registerCard({
  tag: "proof-of-heat-week-schedule",
  element: ZoneScheduleCard,
  texts: WEEK_TEXTS,
  key: "room",
  docs: "dashboard.md#week-schedule",
  suggest: (hass, entity) => (ZoneScheduleCard.isSchedule(hass, entity) ? { type: "custom:proof-of-heat-week-schedule", entity } : null),
});
