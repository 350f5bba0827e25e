/** The cards of proof_of_heat. */

import { HeatingCurveCard } from "../cards/heating-curve/card.js";
import { stubConfig as curveStub } from "../cards/heating-curve/config.js";
import { TAG as CURVE } from "../cards/heating-curve/const.js";
import { HeatingOverviewCard } from "../cards/heating-overview/card.js";
import { stubConfig } from "../cards/heating-overview/config.js";
import { TAG as OVERVIEW } from "../cards/heating-overview/const.js";
import { registerCard } from "../lib/card.js";
import { TEXTS } from "../lib/proof-of-heat.js";
import type { HomeAssistant } from "../lib/types.js";

const SYSTEM_ENTITIES = new Set(["decision", "cost_per_hour", "demand", "heat_power", "savings"]);

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
