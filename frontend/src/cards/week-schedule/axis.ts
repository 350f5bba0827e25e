/** The hours above the days. */

import { html, type TemplateResult } from "lit";
import type { HomeAssistant } from "../../lib/types.js";
import { hourLabel } from "./labels.js";

const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

export const axis = (hass: HomeAssistant): TemplateResult =>
  html`<div class="axis" aria-hidden="true">
    ${HOURS.map(
      (hour) => html`<span class=${hour % 6 ? "minor" : ""} style="inset-inline-start:${(hour / 24) * 100}%"
        >${hourLabel(hass, hour)}</span
      >`,
    )}
  </div>`;
