/** The COP of the heat pump: sums of the meters, and its hours by outdoor temperature with the learned line. */

import { css, html, nothing, svg, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { formatNumber, fromUserTemperature, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { ofSystem } from "../../lib/system-card.js";
import { Width } from "../../lib/resize.js";
import { clamp, isNumber, linear, path, ticks } from "../../lib/scale.js";
import { message, stateMessage } from "../../lib/state-message.js";
import { cardStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import type { CardConfig, ConfigForm, HomeAssistant } from "../../lib/types.js";
import { readConfig, stubConfig, type CopConfig } from "./config.js";
import type { CopData, CopMessage } from "./const.js";
import { configForm } from "./editor.js";

const SUMS = ["day", "month", "season"] as const;
/** Fewer hours show no relation to the outdoor temperature. */
const MIN_HOURS = 6;
const LEFT = 26;
const BOTTOM = 36;
/** Degrees Celsius around a place whose median is described in words. */
const NEAR_C = 3;

export const medianNear = (hours: CopData["hours"], outdoor: number): number | null => {
  const near = hours
    .filter(([at]) => Math.abs(at - outdoor) <= NEAR_C)
    .map(([, cop]) => cop)
    .sort((a, b) => a - b);
  return near.length ? (near[Math.floor(near.length / 2)] ?? null) : null;
};

export class CopCard extends SuiteCard<CopConfig> {
  protected readonly texts = TEXTS;
  private readonly width = new Width(this);
  private readonly live = new Subscription<CopMessage>(this, () =>
    this.config && this.hass
      ? { type: "proof_of_heat/cop/subscribe", ...ofSystem(this.config) }
      : undefined,
  );

  static getStubConfig = stubConfig;
  static getConfigForm = (): ConfigForm => configForm(localizer(TEXTS, pageLanguage()));

  static override styles = [
    cardStyles,
    css`
      .tiles {
        grid-template-columns: repeat(auto-fit, minmax(84px, 1fr));
      }
      .legend .dots {
        background: var(--blue-color);
      }
      .legend .now {
        border-top: 2px dotted var(--primary-color);
      }
    `,
  ];

  protected readConfig(config: CardConfig): CopConfig {
    return readConfig(config);
  }

  override getCardSize(): number {
    return 6;
  }

  override render(): TemplateResult {
    const { hass, localize } = this;
    const data = this.live.data;
    if (!hass || !data?.available) return html`<ha-card>${stateMessage(this.live.state, localize, "system")}</ha-card>`;
    const sums = SUMS.filter((sum) => isNumber(data[sum]));
    const isEmpty = data.hours.length < MIN_HOURS && !data.line.length;
    return html`
      <ha-card>
        <h2 class="title">${this.config?.title ?? localize("cop.name")}</h2>
        ${sums.length
          ? html`<div class="tiles">
              ${sums.map((sum) => html`<div class="tile"><span>${localize(`cop.${sum}`)}</span><strong>${formatNumber(data[sum], hass.locale, 1)}</strong></div>`)}
            </div>`
          : nothing}
        ${isNumber(data.day) || isEmpty ? nothing : html`<p class="muted">${localize("cop.waiting")}</p>`}
        ${isEmpty
          ? message("mdi:chart-scatter-plot", localize("cop.empty"), localize("cop.empty_detail"))
          : this.plot(data, hass)}
      </ha-card>
    `;
  }

  /** What the plot shows, in words: the usual COP when it is cold, and when it is mild. */
  private summary(data: CopData, hass: HomeAssistant): string {
    const outdoors = data.hours.map(([outdoor]) => outdoor);
    if (!outdoors.length) return this.localize("cop.plot");
    const parts = [Math.min(...outdoors), Math.max(...outdoors)].map((outdoor) =>
      this.localize("cop.at", {
        outdoor: `${formatNumber(toUserTemperature(hass, outdoor), hass.locale)} ${isFahrenheit(hass) ? "°F" : "°C"}`,
        cop: formatNumber(medianNear(data.hours, outdoor), hass.locale, 1),
      }),
    );
    return `${this.localize("cop.plot")}: ${parts.join(", ")}`;
  }

  private plot(data: CopData, hass: HomeAssistant): TemplateResult {
    const { localize } = this;
    const width = this.width.inside();
    const height = Math.round(clamp(width * 0.55, 200, 320));
    const outdoors = [...data.hours, ...(data.hours.length ? [] : data.line)].map(([outdoor]) => outdoor);
    const from = Math.min(-5, Math.floor(Math.min(...outdoors)));
    const to = Math.max(12, Math.ceil(Math.max(...outdoors)));
    const top = Math.max(5, ...data.hours.map(([, cop]) => cop), ...data.line.map(([, cop]) => cop)) + 0.3;
    const x = linear(from, to, LEFT, width - 8);
    const y = linear(0, top, height - BOTTOM, 8);
    const now = isNumber(data.outdoor_c) && data.outdoor_c >= from && data.outdoor_c <= to ? x(data.outdoor_c) : null;
    const line = data.line.filter(([outdoor]) => outdoor >= from && outdoor <= to);
    return html`
      <svg width=${width} height=${height} role="img" aria-label=${this.summary(data, hass)}>
        ${ticks(0, top, 5).map((cop) => svg`
          <line x1=${LEFT} x2=${width - 8} y1=${y(cop)} y2=${y(cop)} stroke="var(--line)" />
          <text x=${LEFT - 6} y=${y(cop) + 4} text-anchor="end">${formatNumber(cop, hass.locale)}</text>`)}
        ${ticks(toUserTemperature(hass, from), toUserTemperature(hass, to), width < 320 ? 4 : 7).map(
          (outdoor) => svg`<text x=${x(fromUserTemperature(hass, outdoor))} y=${height - BOTTOM + 15} text-anchor="middle">${formatNumber(outdoor, hass.locale)}</text>`,
        )}
        <text x=${LEFT} y=${height - 4}>${localize("curve.outdoor_axis", { unit: isFahrenheit(hass) ? "°F" : "°C" })}</text>
        ${isNumber(now)
          ? svg`<line x1=${now} x2=${now} y1="8" y2=${height - BOTTOM} stroke="var(--primary-color)" stroke-dasharray="2 3" />`
          : nothing}
        ${data.hours.map(([outdoor, cop]) => svg`<circle cx=${x(outdoor)} cy=${y(cop)} r="3" fill="var(--blue-color)" opacity="0.45" />`)}
        ${line.length ? svg`<path d=${path(line.map(([outdoor, cop]) => [x(outdoor), y(cop)] as const))} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" />` : nothing}
      </svg>
      <div class="legend">
        ${data.hours.length ? html`<span><i class="dots"></i>${localize("cop.hours")}</span>` : nothing}
        ${line.length ? html`<span><i></i>${localize("cop.line")}</span>` : nothing}
        ${isNumber(now) ? html`<span><i class="now"></i>${localize("curve.now")}</span>` : nothing}
      </div>
    `;
  }
}
