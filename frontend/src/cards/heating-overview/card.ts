/** The overview of a heating system. */

import { css, html, nothing, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { formatDuration, formatKelvin, formatList, formatMoment, formatMoney, formatNumber, formatPercent, formatPower, formatPrice, formatTemperature, toUserTemperature, UNKNOWN } from "../../lib/format.js";
import { clamp, isNumber } from "../../lib/scale.js";
import { stateMessage } from "../../lib/state-message.js";
import { cardStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import type { CardConfig, ConfigForm, GridOptions } from "../../lib/types.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { readConfig, stubConfig, type OverviewConfig } from "./config.js";
import { KIND_ICONS, STATE_ICONS, type Overview, type OverviewMessage, type Part } from "./const.js";
import { configForm } from "./editor.js";
import { ladder, sourceColors, whyNot, type Rung } from "./ladder.js";
import { NextDayChart } from "./next-day.js";
import { OverridePanel } from "./override-panel.js";

const define = (tag: string, element: CustomElementConstructor): void => {
  if (!customElements.get(tag)) customElements.define(tag, element);
};
define("proof-of-heat-next-day", NextDayChart);
define("proof-of-heat-override", OverridePanel);

export class HeatingOverviewCard extends SuiteCard<OverviewConfig> {
  protected readonly texts = TEXTS;
  private readonly live = new Subscription<OverviewMessage>(this, () =>
    this.config && this.hass
      ? {
          type: "proof_of_heat/overview/subscribe",
          language: this.hass.locale.language,
          ...(this.config.entry_id && { entry_id: this.config.entry_id }),
        }
      : undefined,
  );

  static getStubConfig = stubConfig;
  static getConfigForm = (): ConfigForm => configForm(localizer(TEXTS, pageLanguage()));

  static override styles = [
    cardStyles,
    css`
      .header {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      .badge {
        flex: none;
        width: 44px;
        height: 44px;
        border-radius: 50%;
        display: grid;
        place-items: center;
        color: var(--state-color);
        background: color-mix(in srgb, var(--state-color) 18%, transparent);
      }
      .who {
        flex: 1;
        min-width: 0;
      }
      .who strong {
        display: block;
        font-size: 18px;
        line-height: 24px;
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      .why {
        color: var(--muted);
        font-size: 14px;
        line-height: 20px;
      }
      .room {
        text-align: right;
        flex: none;
      }
      .room strong {
        font-size: 24px;
        line-height: 28px;
        font-weight: 400;
        white-space: nowrap;
      }
      .room span {
        display: block;
        font-size: 12px;
        color: var(--muted);
        white-space: nowrap;
      }
      .banner {
        display: flex;
        gap: 12px;
        align-items: center;
        padding: 10px 14px;
        border-radius: 12px;
        border: 1px dashed var(--state-color);
      }
      .banner.error {
        border-style: solid;
        --state-color: var(--error-color);
      }
      .banner ha-icon {
        flex: none;
        color: var(--state-color);
      }
      ha-card.shadow {
        border-style: dashed;
        border-color: var(--primary-color);
      }
      .figures {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(132px, 1fr));
        gap: 8px;
      }
      .figure {
        padding: 10px 14px;
        border-radius: 12px;
        background: var(--soft);
        min-width: 0;
      }
      .figure span {
        font-size: 12px;
        color: var(--muted);
        display: block;
      }
      .figure strong {
        font-size: 18px;
        font-weight: 500;
        white-space: nowrap;
      }
      progress {
        appearance: none;
        width: 100%;
        height: 6px;
        border: 0;
        margin: 8px 0 6px;
        border-radius: 3px;
        overflow: hidden;
        background: none;
      }
      progress::-webkit-progress-bar {
        background: var(--line);
      }
      progress::-webkit-progress-value {
        background: var(--primary-color);
        border-radius: 3px;
      }
      progress::-moz-progress-bar {
        background: var(--primary-color);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .rungs li {
        display: grid;
        grid-template-columns: 24px minmax(0, 1fr) auto;
        gap: 2px 10px;
        align-items: center;
        padding: 7px 0;
      }
      .rungs li + li {
        border-top: 1px solid var(--line);
      }
      .rungs ha-icon {
        color: var(--muted);
        grid-row: span 3;
        align-self: start;
      }
      .rungs .heating ha-icon,
      .rungs .own ha-icon {
        color: var(--source-color);
      }
      .rungs .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .rungs .heating .name {
        font-weight: 500;
      }
      .rungs .price {
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .track {
        grid-column: 2 / 4;
        height: 6px;
        border-radius: 3px;
        background: var(--soft);
        position: relative;
      }
      .track i {
        position: absolute;
        inset-block: 0;
        border-radius: 3px;
        background: var(--source-color);
        opacity: 0.35;
      }
      .heating .track i,
      .own .track i {
        opacity: 1;
      }
      .rungs .state {
        grid-column: 2 / 4;
        font-size: 12px;
        line-height: 16px;
        color: var(--muted);
      }
      .rungs .failing .state {
        color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
      }
      .limits li {
        display: flex;
        gap: 10px;
        padding: 3px 0;
        align-items: flex-start;
      }
      .limits ha-icon {
        --mdc-icon-size: 18px;
        color: color-mix(in srgb, var(--warning-color) 55%, var(--primary-text-color));
        flex: none;
      }
      .limits .note ha-icon {
        color: var(--muted);
      }
      @media (max-width: 460px) {
        ha-card {
          padding: 14px;
        }
        .who strong {
          font-size: 16px;
        }
        .badge {
          width: 36px;
          height: 36px;
        }
      }
    `,
  ];

  protected readConfig(config: CardConfig): OverviewConfig {
    return readConfig(config);
  }

  getCardSize(): number {
    return 9;
  }

  getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6 };
  }

  private shows(part: Part): boolean {
    return !this.config?.hide?.includes(part);
  }

  override render(): TemplateResult {
    const state = this.live.state;
    const data = this.live.data;
    if (!this.hass || !data?.available)
      return html`<ha-card>${stateMessage(state, this.localize, "system")}</ha-card>`;
    return html`
      <ha-card class=${data.shadow ? "shadow" : ""} style=${`--state-color:${this.stateColor(data)}`}>
        ${this.header(data)} ${this.banner(data)}
        ${this.shows("figures") ? this.figures(data) : nothing}
        ${this.shows("ladder") && data.sources.length ? this.ladder(data) : nothing}
        ${this.shows("next_day") && data.next_day ? this.nextDay(data) : nothing}
        ${this.shows("limits") && (data.limits.length || data.notes.length) ? this.limits(data) : nothing}
        ${this.shows("override") && data.active
          ? html`<proof-of-heat-override .hass=${this.hass} .data=${data} .localize=${this.localize}></proof-of-heat-override>`
          : nothing}
      </ha-card>
    `;
  }

  private stateColor({ state, failing }: Overview): string {
    if (failing) return "var(--error-color)";
    switch (state) {
      case "heating":
        return "var(--state-climate-heat-color, var(--deep-orange-color))";
      case "limited":
        return "var(--warning-color)";
      case "frost":
        return "var(--info-color)";
      case "blind":
        return "var(--error-color)";
      case "idle":
        return "var(--success-color, var(--green-color))";
      case "off":
        return "var(--secondary-text-color)";
      default:
        return "var(--primary-color)";
    }
  }

  /** Which sources heat now, with their heat; else the state in words. */
  private headline(data: Overview): string {
    const { hass, localize } = this;
    if (!hass) return "";
    const active = data.sources.filter(({ heating }) => heating);
    if (!active.length) return localize(`overview.states.${data.state}`);
    const names = formatList(active.map(({ name }) => name), hass.locale);
    return isNumber(data.heat.value)
      ? localize("overview.heats", { names, power: (data.heat.estimated ? "≈ " : "") + formatPower(data.heat.value, hass.locale) })
      : localize("overview.heats_unknown", { names });
  }

  private header(data: Overview): TemplateResult {
    const hass = this.hass;
    if (!hass) return html``;
    const band = isNumber(data.lower_c) && isNumber(data.upper_c);
    return html`
      <div class="header">
        <div class="badge"><ha-icon icon=${STATE_ICONS[data.state] ?? "mdi:radiator"}></ha-icon></div>
        <div class="who">
          ${this.config?.title ? html`<span class="why">${this.config.title}</span>` : nothing}
          <strong>${this.headline(data)}</strong>
          <p class="why">${data.text}</p>
        </div>
        <div class="room">
          <strong>${formatTemperature(hass, data.room_c)}</strong>
          ${band
            ? html`<span>${this.localize("overview.band", { low: formatNumber(toUserTemperature(hass, data.lower_c ?? 0), hass.locale, 1), high: formatTemperature(hass, data.upper_c) })}</span>`
            : nothing}
          ${isNumber(data.outdoor_c) ? html`<span>${this.localize("overview.outdoor", { value: formatTemperature(hass, data.outdoor_c) })}</span>` : nothing}
        </div>
      </div>
    `;
  }

  private banner(data: Overview): TemplateResult | typeof nothing {
    const show = (icon: string, key: string, kind = ""): TemplateResult => html`
      <div class=${`banner ${kind}`} role="status">
        <ha-icon icon=${icon}></ha-icon>
        <p>${this.localize(key)}</p>
      </div>
    `;
    if (data.failing) return show("mdi:alert-circle", "overview.failing", "error");
    if (data.shadow) return show("mdi:eye-outline", "overview.shadow");
    if (!data.active) return show("mdi:power", "overview.off");
    return nothing;
  }

  private figures(data: Overview): TemplateResult {
    const hass = this.hass;
    if (!hass) return html``;
    const { localize } = this;
    const cost = data.cost_h;
    return html`
      <div class="figures">
        <div class="figure">
          <span>${localize("overview.cost_now")}</span>
          <strong>${isNumber(cost.value) ? `${cost.estimated ? "≈ " : ""}${formatMoney(cost.value, data.currency, hass.locale)}/h` : UNKNOWN}</strong>
          <span>${isNumber(data.price_kwh) ? localize("overview.electricity", { price: formatPrice(data.price_kwh, data.currency, hass.locale) }) : localize("overview.no_price")}</span>
        </div>
        ${this.savings(data)} ${data.learning.trusted ? nothing : this.learning(data)}
      </div>
    `;
  }

  private savings(data: Overview): TemplateResult | typeof nothing {
    const hass = this.hass;
    const saved = data.savings;
    if (!hass || !saved) return nothing;
    const { localize } = this;
    const money = (value: number | null): string => formatMoney(value, data.currency, hass.locale);
    const days = new Intl.NumberFormat(hass.locale.language, { style: "unit", unit: "day", unitDisplay: "long" }).format(saved.days);
    return html`
      <div class="figure">
        <span>${localize(saved.simulated ? "overview.would_save" : "overview.saved", { days })}</span>
        <strong>${money(saved.saved)}${isNumber(saved.percent) ? ` · ${formatPercent(saved.percent, hass.locale)}` : ""}</strong>
        <span>${localize("overview.interval", { low: money(saved.low), high: money(saved.high) })}</span>
      </div>
    `;
  }

  private learning(data: Overview): TemplateResult {
    const hass = this.hass;
    if (!hass) return html``;
    const { localize } = this;
    const { learning } = data;
    const left = learning.expected ? (Date.parse(learning.expected) - Date.parse(data.time)) / 1000 : 0;
    const detail = learning.learned
      ? localize("overview.learning_error", {
          error: formatKelvin(hass, learning.error_k),
          limit: formatKelvin(hass, learning.limit_k),
        })
      : localize("overview.learning_left", { left: formatDuration(Math.max(60, left), hass.locale) });
    return html`
      <div class="figure">
        <span id="learning">${localize(learning.learned ? "overview.checking" : "overview.learning")}</span>
        <progress max="100" value=${clamp(learning.progress, 0, 100)} aria-labelledby="learning"></progress>
        <span>${detail}</span>
      </div>
    `;
  }

  private ladder(data: Overview): TemplateResult {
    return html`
      <section>
        <h2>${this.localize("overview.ladder")}</h2>
        <ul class="rungs">
          ${ladder(data.sources).map((rung) => this.rung(rung, data.currency))}
        </ul>
      </section>
    `;
  }

  private rung({ source, color, status, bar }: Rung, currency: string): TemplateResult {
    const hass = this.hass;
    if (!hass) return html``;
    const { localize } = this;
    const heat = isNumber(source.heat.value) ? (source.heat.estimated ? "≈ " : "") + formatPower(source.heat.value, hass.locale) : "";
    const parts =
      status === "waiting"
        ? [whyNot(source, localize)]
        : status === "failing"
          ? [whyNot(source, localize) || localize("overview.source.failing")]
          : [localize(`overview.source.${status}`), status === "commanded" ? "" : heat, ...source.limits];
    return html`
      <li class=${status} style=${`--source-color:${color}`}>
        <ha-icon icon=${KIND_ICONS[source.kind] ?? "mdi:radiator"}></ha-icon>
        <span class="name">${source.name}</span>
        <span class="price">${source.price_kwh === null ? localize("overview.price_unknown") : formatPrice(source.price_kwh, currency, hass.locale)}</span>
        <span class="track" aria-hidden="true">
          ${bar ? html`<i class="animated" style=${`left:${bar.left}%;width:max(3px,${bar.width}%)`}></i>` : nothing}
        </span>
        <span class="state">${parts.filter(Boolean).join(" · ")}</span>
      </li>
    `;
  }

  private nextDay(data: Overview): TemplateResult {
    const { localize, hass } = this;
    if (!hass) return html``;
    const made = data.next_day?.plan ? formatMoment(hass, data.next_day.plan.made * 1000) : "";
    return html`
      <section>
        <h2>${data.next_day?.plan ? localize("overview.plan", { time: made }) : localize("overview.no_plan")}</h2>
        <proof-of-heat-next-day
          .hass=${this.hass}
          .day=${data.next_day}
          .roomNow=${data.room_c}
          .currency=${data.currency}
          .colors=${sourceColors(data.sources)}
          .localize=${localize}
          ?shadow=${data.shadow || !data.active}
        ></proof-of-heat-next-day>
      </section>
    `;
  }

  private limits(data: Overview): TemplateResult {
    const row = (text: string, kind: string, icon: string): TemplateResult =>
      html`<li class=${kind}><ha-icon icon=${icon}></ha-icon><span>${text.charAt(0).toLocaleUpperCase() + text.slice(1)}</span></li>`;
    return html`
      <section>
        <h2>${this.localize("overview.limits")}</h2>
        <ul class="limits">
          ${data.limits.map((text) => row(text, "limit", "mdi:arrow-collapse-vertical"))}
          ${data.notes.map((text) => row(text, "note", "mdi:information-outline"))}
        </ul>
      </section>
    `;
  }
}
