import "../strategy/dashboard.js";
import { registerCard } from "../lib/card.js";
import { TEXTS, WeekScheduleCard } from "../cards/week-schedule/card.js";

registerCard({
  tag: "iot-heating-week-schedule",
  element: WeekScheduleCard,
  texts: TEXTS,
  key: "card",
  docs: "dashboard.md#week-schedule",
  suggest: (hass, entity) => (WeekScheduleCard.isSchedule(hass, entity) ? { type: "custom:iot-heating-week-schedule", entity } : null),
});
