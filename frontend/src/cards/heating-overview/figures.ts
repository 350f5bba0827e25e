/** Cost, demand, savings and the progress of learning, in a row. */

import { html, nothing, type TemplateResult } from "lit";
import { formatDays, formatDuration, formatKelvin, formatMoney, formatPercent, formatPower, formatPrice, UNKNOWN } from "../../lib/format.js";
import type { Localize } from "../../lib/localize.js";
import { clamp, isNumber } from "../../lib/scale.js";
import type { HomeAssistant } from "../../lib/types.js";
import type { Overview, SavingsProgress } from "./const.js";

export const figures = (data: Overview, hass: HomeAssistant, localize: Localize): TemplateResult => {
  const cost = data.cost_h;
  return html`
    <div class="tiles">
      <div class="tile">
        <span>${localize("overview.cost_now")}</span>
        <strong>${isNumber(cost.value) ? `${cost.estimated ? "≈ " : ""}${formatMoney(cost.value, data.currency, hass.locale)}/h` : UNKNOWN}</strong>
        <span>${isNumber(data.price_kwh) ? localize("overview.electricity", { price: formatPrice(data.price_kwh, data.currency, hass.locale) }) : localize("overview.no_price")}</span>
      </div>
      <div class="tile">
      <span>${localize("overview.demand")}</span>
      <strong>${formatPower(data.demand_w, hass.locale)}</strong>
      <span>${localize("overview.delivered", { power: (isNumber(data.heat.value) && data.heat.estimated ? "≈ " : "") + formatPower(data.heat.value, hass.locale) })}</span>
    </div>
    ${savings(data, hass, localize)} ${data.learning.trusted ? nothing : progress(data, hass, localize)}
    </div>
  `;
};

const savings = (data: Overview, hass: HomeAssistant, localize: Localize): TemplateResult | typeof nothing => {
  const saved = data.savings;
  if (!saved) return data.savings_progress ? savingsProgress(data.savings_progress, data, hass, localize) : nothing;
  const money = (value: number | null): string => formatMoney(value, data.currency, hass.locale);
  const days = formatDays(saved.days, hass.locale);
  return html`
    <div class="tile">
      <span>${localize(`overview.${saved.from_history ? "would_save_past" : saved.simulated ? "would_save" : "saved"}`, { days })}</span>
      <strong>${money(saved.saved)}${isNumber(saved.percent) ? ` · ${formatPercent(saved.percent, hass.locale)}` : ""}</strong>
      <span>${localize("overview.interval", { low: money(saved.low), high: money(saved.high) })}</span>
    </div>
  `;
};

/** A bar in a tile, and what is missing. */
const bar = (id: string, label: string, value: number, detail: string): TemplateResult => html`
  <div class="tile">
    <span id=${id}>${label}</span>
    <progress max="100" value=${clamp(value, 0, 100)} aria-labelledby=${id}></progress>
    <span>${detail}</span>
  </div>
`;

/** The time until a moment, at least a minute. */
const left = (expected: string | null, data: Overview, hass: HomeAssistant): string =>
  formatDuration(Math.max(60, expected ? (Date.parse(expected) - Date.parse(data.time)) / 1000 : 0), hass.locale);

const savingsProgress = ({ progress, expected }: SavingsProgress, data: Overview, hass: HomeAssistant, localize: Localize): TemplateResult =>
  bar("savings", localize("overview.savings"), progress, localize("overview.savings_left", { left: left(expected, data, hass) }));

const progress = (data: Overview, hass: HomeAssistant, localize: Localize): TemplateResult => {
  const { learning } = data;
  return learning.learned
    ? bar(
        "learning",
        localize("overview.checking"),
        learning.progress,
        localize("overview.learning_error", {
          error: formatKelvin(hass, learning.error_k),
          limit: formatKelvin(hass, learning.limit_k),
        }),
      )
    : bar("learning", localize("overview.learning"), learning.progress, learning.expected ? localize("overview.learning_left", { left: left(learning.expected, data, hass) }) : "");
};
