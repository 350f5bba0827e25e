/** The cards of proof_of_heat. */

import { HeatingOverviewCard } from "../cards/heating-overview/card.js";
import { stubConfig } from "../cards/heating-overview/config.js";
import { TAG as OVERVIEW } from "../cards/heating-overview/const.js";
import { registerCard } from "../lib/card.js";
import { TEXTS } from "../lib/proof-of-heat.js";
import type { HomeAssistant } from "../lib/types.js";

const SYSTEM_ENTITIES = new Set(["decision", "cost_per_hour", "demand", "heat_power", "savings"]);

const isSystemEntity = (hass: HomeAssistant, entityId: string): boolean => {
  const entity = hass.entities[entityId];
  return entity?.platform === "proof_of_heat" && SYSTEM_ENTITIES.has(entity.translation_key ?? "");
};

registerCard({
  tag: OVERVIEW,
  element: HeatingOverviewCard,
  texts: TEXTS,
  key: "overview",
  docs: "cards.md#heating-overview",
  suggest: (hass, entityId) => (isSystemEntity(hass, entityId) ? stubConfig() : null),
});
