/** What was learned of the house: heat loss, time constant and solar gain with their uncertainty, and how well it predicts. */

import { css, html, nothing, svg, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { formatDays, formatDuration, formatKelvin, formatNumber, formatPercent, formatPower, formatTemperature, isFahrenheit, timeUnits, UNKNOWN } from "../../lib/format.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { ofSystem } from "../../lib/system-card.js";
import { Request } from "../../lib/request.js";
import { Width } from "../../lib/resize.js";
import { clamp, isNumber, linear, path } from "../../lib/scale.js";
import { stateMessage } from "../../lib/state-message.js";
import { cardStyles } from "../../lib/styles.js";
import type { CardConfig, ConfigForm, HomeAssistant } from "../../lib/types.js";
import { readConfig, stubConfig, type HouseConfig } from "./config.js";
import { VALUES, type Estimate, type House, type HouseMessage, type ValueName } from "./const.js";
import { configForm } from "./editor.js";

/** A band of two standard deviations contains the value with 95 %. */
const BAND_SD = 2;
const TREND_HEIGHT = 56;

export class HouseCard extends SuiteCard<HouseConfig> {
  protected readonly texts = TEXTS;
  private readonly width = new Width(this);
  private readonly source = new Request<HouseMessage>(this, () =>
    this.config ? { type: "proof_of_heat/house/get", ...ofSystem(this.config) } : undefined,
  );

  static getStubConfig = stubConfig;
  static getConfigForm = (): ConfigForm => configForm(localizer(TEXTS, pageLanguage()));

  static override styles = [
    cardStyles,
    css`
      .tiles {
        grid-template-columns: repeat(auto-fit, minmax(132px, 1fr));
      }
      .range {
        position: relative;
        height: 6px;
        border-radius: 3px;
        margin: 6px 0;
        background: var(--line);
      }
      .range i {
        position: absolute;
        inset-block: 0;
        border-radius: 3px;
        background: var(--heat);
        opacity: 0.4;
      }
      .range b {
        position: absolute;
        inset-block: -2px;
        width: 3px;
        margin-inline-start: -1px;
        border-radius: 2px;
        background: var(--heat);
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font-variant-numeric: tabular-nums;
      }
      th {
        font-weight: 400;
        font-size: 12px;
        color: var(--muted);
        text-align: start;
        vertical-align: bottom;
      }
      th,
      td {
        padding: 6px 8px 6px 0;
        border-bottom: 1px solid var(--line);
      }
      tr:last-child > * {
        border-bottom: 0;
      }
      .good {
        color: color-mix(in srgb, var(--success-color, var(--green-color)) 55%, var(--primary-text-color));
      }
      progress {
        width: 100%;
        accent-color: var(--primary-color);
      }
      td:first-child {
        white-space: nowrap;
      }
      ha-card {
        container-type: inline-size;
      }
      @container (max-width: 430px) {
        .tiles {
          grid-template-columns: 1fr;
        }
      }
      .small {
        font-size: 12px;
      }
    `,
  ];

  protected readConfig(config: CardConfig): HouseConfig {
    return readConfig(config);
  }

  override getCardSize(): number {
    return 6;
  }

  override render(): TemplateResult {
    const { hass, localize } = this;
    const data = this.source.data;
    if (!hass || !data?.available) return html`<ha-card>${stateMessage(this.source.state, localize, "system")}</ha-card>`;
    return html`
      <ha-card>
        <div>
          <h2 class="title">${this.config?.title ?? localize("house.name")}</h2>
          <p class="muted small">${this.status(data, hass)}</p>
        </div>
        ${this.reread(data)} ${data.values.loss_w_k ? this.report(data, hass) : this.learning(data)}
      </ha-card>
    `;
  }

  private status(data: House, hass: HomeAssistant): string {
    if (!data.values.loss_w_k) return this.localize("house.learning");
    const days = formatDays(Math.max(1, data.days ?? 0), hass.locale);
    return this.localize(data.learning.trusted ? "house.used" : "house.checked", { days });
  }

  /** Why the history is read again: the figures shown are still those of the home as it was. */
  private reread({ import: { status, reason } }: House): TemplateResult | typeof nothing {
    return status === "importing" && reason ? html`<p class="muted">${this.localize(`house.reread.${reason}`)}</p>` : nothing;
  }

  /** Before anything is learned: how far it is, and how long it takes. */
  private learning(data: House): TemplateResult {
    const { hass, localize } = this;
    if (!hass) return html``;
    const { learning } = data;
    const left = learning.expected ? (Date.parse(learning.expected) - Date.parse(data.time)) / 1000 : 0;
    return html`
      <div>
        <progress max="100" value=${clamp(learning.progress, 0, 100)} aria-label=${localize("house.learning")}></progress>
        <p class="muted">${localize("house.learning_left", { left: formatDuration(Math.max(60, left), hass.locale) })}</p>
        ${data.import.status === "importing"
          ? html`<p class="muted small">${localize("house.importing", { days: formatNumber(data.import.days_imported, hass.locale) })}</p>`
          : nothing}
      </div>
    `;
  }

  private report(data: House, hass: HomeAssistant): TemplateResult {
    return html`
      <div class="tiles">${VALUES.map((name) => this.value(name, data.values[name], data, hass))}</div>
      ${this.trend(data, hass)} ${this.backtest(data, hass)}
      ${data.full_power_w === null && data.full_load_cop === null
        ? nothing
        : html`<p class="muted small">${this.localize("house.pump", {
            power: formatPower(data.full_power_w, hass.locale),
            cop: formatNumber(data.full_load_cop, hass.locale, 1),
          })}</p>`}
    `;
  }

  /** A value with its unit, or the number alone. */
  private format(name: ValueName, value: number, hass: HomeAssistant, alone = false): string {
    const shown = name === "loss_w_k" && isFahrenheit(hass) ? value / 1.8 : value;
    const number = formatNumber(shown, hass.locale, name === "solar_gain_m2" ? 1 : 0);
    return alone ? number : `${number} ${{ loss_w_k: this.lossUnit(hass), time_constant_h: timeUnits(hass.locale)[0], solar_gain_m2: "m²" }[name]}`;
  }

  private lossUnit(hass: HomeAssistant): string {
    return isFahrenheit(hass) ? "W/°F" : "W/K";
  }

  private value(name: ValueName, estimate: Estimate | null, data: House, hass: HomeAssistant): TemplateResult {
    const { localize } = this;
    if (!estimate) return html`<div class="tile"><span>${localize(`house.${name}`)}</span><strong>${UNKNOWN}</strong></div>`;
    const { value, sd } = estimate;
    const spread = BAND_SD * (sd ?? 0);
    const [low, high] = [Math.max(0, value - spread), value + spread];
    const percent = (at: number): number => clamp((at / (value * 2 || 1)) * 100, 0, 100);
    return html`
      <div class="tile">
        <span>${localize(`house.${name}`)}</span>
        <strong>${this.format(name, value, hass)}</strong>
        ${sd === null
          ? nothing
          : html`<div class="range" aria-hidden="true"><i style=${`left:${percent(low)}%;width:${percent(high) - percent(low)}%`}></i><b style=${`left:${percent(value)}%`}></b></div>
              <span>${localize("house.range", { low: this.format(name, low, hass, true), high: this.format(name, high, hass) })}</span>`}
        <span>${this.meaning(name, value, data, hass)}</span>
      </div>
    `;
  }

  /** What a value means in this home, now. */
  private meaning(name: ValueName, value: number, { room_c, outdoor_c }: House, hass: HomeAssistant): string {
    if (name === "time_constant_h") return this.localize("house.means.time_constant_h");
    if (name === "solar_gain_m2") return this.localize("house.means.solar_gain_m2", { power: formatPower(value * 500, hass.locale) });
    if (!isNumber(room_c) || !isNumber(outdoor_c) || room_c <= outdoor_c) return "";
    return this.localize("house.means.loss_w_k", {
      outdoor: formatTemperature(hass, outdoor_c, 0),
      power: formatPower(value * (room_c - outdoor_c), hass.locale),
    });
  }

  private trend(data: House, hass: HomeAssistant): TemplateResult | typeof nothing {
    const history = data.loss_history;
    if (history.length < 3) return nothing;
    const { localize } = this;
    const width = this.width.inside();
    const losses = history.map(([, loss]) => loss);
    const sd = data.values.loss_w_k?.sd ?? 0;
    const [low, high] = [Math.min(...losses) - BAND_SD * sd, Math.max(...losses) + BAND_SD * sd];
    const x = linear(history[0]?.[0] ?? 0, history[history.length - 1]?.[0] ?? 1, 2, width - 2);
    const y = linear(low, high > low ? high : low + 1, TREND_HEIGHT - 3, 3);
    const text = data.drift ? this.drift(data.drift, hass) : localize("house.drift_short");
    return html`
      <section>
        <h2>${localize("house.trend")}</h2>
        <svg width=${width} height=${TREND_HEIGHT} role="img" aria-label=${text}>
          ${svg`<path d=${path(history.map(([at, loss]) => [x(at), y(loss)] as const))} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />`}
        </svg>
        <p class="muted small">${text}</p>
      </section>
    `;
  }

  private drift({ days, change_w_k, percent, significant }: NonNullable<House["drift"]>, hass: HomeAssistant): string {
    const change = isFahrenheit(hass) ? change_w_k / 1.8 : change_w_k;
    const sign = (value: number): string => (value > 0 ? "+" : "");
    return this.localize(significant ? "house.drifted" : "house.steady", {
      days: formatNumber(days, hass.locale),
      change: `${sign(change)}${formatNumber(change, hass.locale)} ${this.lossUnit(hass)}`,
      percent: `${sign(percent)}${formatPercent(percent, hass.locale)}`,
    });
  }

  private backtest(data: House, hass: HomeAssistant): TemplateResult | typeof nothing {
    if (!data.backtest.length) return nothing;
    const { localize } = this;
    return html`
      <section>
        <h2>${localize("house.backtest")}</h2>
        <table>
          <tr><th scope="col">${localize("house.lead")}</th><th scope="col">${localize("house.error")}</th><th scope="col">${localize("house.unchanged")}</th></tr>
          ${data.backtest.map(
            ({ hours: lead, error_k, unchanged_k }) => html`<tr>
              <td>${formatDuration(lead * 3600, hass.locale)}</td>
              <td class=${isNumber(unchanged_k) && error_k < unchanged_k ? "good" : ""}>${formatKelvin(hass, error_k, 2)}</td>
              <td>${formatKelvin(hass, unchanged_k, 2)}</td>
            </tr>`,
          )}
        </table>
        ${isNumber(data.learning.limit_k) ? html`<p class="muted small">${localize("house.limit", { limit: formatKelvin(hass, data.learning.limit_k, 2) })}</p>` : nothing}
      </section>
    `;
  }
}
