import "../strategy/dashboard.js";
import { registerCard } from "../lib/card.js";
import { isOutletEntity, OutletPanelCard, TEXTS } from "../cards/outlet-panel/card.js";

registerCard({
  tag: "smart-outlet-panel",
  element: OutletPanelCard,
  texts: TEXTS,
  key: "card",
  docs: "dashboard.md#outlet-panel",
  suggest: (hass, entity) => (isOutletEntity(hass, entity) ? { type: "custom:smart-outlet-panel" } : null),
});
