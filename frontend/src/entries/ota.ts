import "../strategy/dashboard.js";
import { registerCard } from "../lib/card.js";
import { isOtaEntity, RolloutCard, TEXTS } from "../cards/rollout/card.js";

registerCard({
  tag: "ota-rollouts",
  element: RolloutCard,
  texts: TEXTS,
  key: "card",
  docs: "dashboard.md#firmware-rollouts",
  suggest: (hass, entity) => (isOtaEntity(hass, entity) ? { type: "custom:ota-rollouts" } : null),
});
