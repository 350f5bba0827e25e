/**
 * What the bundles of all integrations share: Lit, src/lib and the dashboard. Browsers load it once, from the first integration that
 * serves it; its URL contains its hash, so that bundles of different versions do not meet.
 *
 * Each line `export * from "./…"` makes a module part of it; build.mjs reads these lines.
 */

export { css, html, LitElement, nothing, svg } from "lit";
export * from "./lib/each.js";
export { TEXTS, WeekScheduleCard } from "./cards/week-schedule/card.js";
export * from "./lib/card.js";
export * from "./lib/common.js";
export * from "./lib/curve.js";
export * from "./lib/docs.js";
export * from "./lib/format.js";
export * from "./lib/localize.js";
export * from "./lib/request.js";
export * from "./lib/resize.js";
export * from "./lib/scale.js";
export * from "./lib/state-message.js";
export * from "./lib/styles.js";
export * from "./lib/subscription.js";
export * from "./lib/types.js";
export * from "./strategy/dashboard.js";
