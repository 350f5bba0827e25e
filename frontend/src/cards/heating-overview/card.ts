/** The overview of a heating system. */

import { html, nothing, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { formatList, formatMoment, formatNumber, formatPower, formatPrice, formatTemperature, toUserTemperature } from "../../lib/format.js";
import { isNumber } from "../../lib/scale.js";
import { stateMessage } from "../../lib/state-message.js";
import { Subscription } from "../../lib/subscription.js";
import type { CardConfig, ConfigForm } from "../../lib/types.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { ofSystem } from "../../lib/system-card.js";
import { readConfig, stubConfig, type OverviewConfig } from "./config.js";
import { KIND_ICONS, STATE_ICONS, type Overview, type OverviewMessage, type Part } from "./const.js";
import { configForm } from "./editor.js";
import { figures } from "./figures.js";
import { ladder, sentence, sourceColors, whyNot, withoutName, type Rung } from "./ladder.js";
import { NextDayChart } from "./next-day.js";
import { OverridePanel } from "./override-panel.js";
import { styles } from "./styles.js";

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
          ...ofSystem(this.config),
        }
      : undefined,
  );

  static getStubConfig = stubConfig;
  static getConfigForm = (): ConfigForm => configForm(localizer(TEXTS, pageLanguage()));

  static override styles = styles;

  protected readConfig(config: CardConfig): OverviewConfig {
    return readConfig(config);
  }

  private shows(part: Part): boolean {
    return !this.config?.hide?.includes(part);
  }

  override render(): TemplateResult {
    const { hass } = this;
    const { state, data } = this.live;
    if (!hass || !data?.available) return html`<ha-card>${stateMessage(state, this.localize, "system")}</ha-card>`;
    const hasLadder = this.shows("ladder") && data.sources.length > 0;
    const hasLimits = this.shows("limits") && data.state !== "starting" && data.limits.length + data.notes.length > 0;
    const hasOverride = this.shows("override") && data.active;
    const beside = Math.max(1, Number(hasLadder) + Number(hasLimits) + Number(hasOverride));
    return html`
      <ha-card class=${data.shadow ? "shadow" : ""} style=${`--state-color:${this.stateColor(data)}`}>
        ${this.header(data)} ${this.banner(data)}
        ${this.shows("figures") ? figures(data, hass, this.localize) : nothing}
        ${hasLadder ? this.ladder(data) : nothing}
        ${this.shows("next_day") && data.next_day ? this.nextDay(data, beside) : nothing}
        ${hasLimits ? this.limits(data) : nothing}
        ${hasOverride
          ? html`<proof-of-heat-override .hass=${hass} .data=${data} .localize=${this.localize}></proof-of-heat-override>`
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
    if (data.state === "starting") return sentence(data.limits[0] ?? localize("overview.states.starting"));
    const active = data.sources.filter(({ heating }) => heating);
    if (!active.length) {
      const starting = data.active ? data.sources.filter(({ commanded }) => commanded).map(({ name }) => name) : [];
      return starting.length
        ? localize("overview.heats", { names: formatList(starting, hass.locale), power: localize("overview.starting") })
        : localize(`overview.states.${data.state}`);
    }
    const names = formatList(active.map(({ name }) => name), hass.locale);
    // A counter that has not moved yet shows no heat of a source that heats: that is not known.
    return isNumber(data.heat.value) && active.some(({ heat }) => heat.value !== 0)
      ? localize("overview.heats", { names, power: (data.heat.estimated ? "≈\u00a0" : "") + formatPower(data.heat.value, hass.locale) })
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
          <p class="why">${data.state === "starting" ? "" : sentence(data.text)}</p>
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
    const heat = source.heat.value ? (source.heat.estimated ? "≈\u00a0" : "") + formatPower(source.heat.value, hass.locale) : "";
    const parts =
      status === "waiting"
        ? [whyNot(source, localize)]
        : status === "failing"
          ? [whyNot(source, localize) || localize("overview.source.failing")]
          : // What is on is not read yet: who switched it on is not known.
            [localize(`overview.source.${source.reason === "not_read" ? "running" : status}`), status === "commanded" ? "" : heat, ...source.limits.map((limit) => withoutName(limit, source))];
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

  /** `beside`: the number of parts in the other column of a wide card. */
  private nextDay(data: Overview, beside: number): TemplateResult {
    const { localize, hass } = this;
    if (!hass) return html``;
    // In the first minute, a plan does without the sources that are not read yet.
    const isPartial = data.state === "starting" && data.sources.some(({ reason }) => reason === "not_read");
    const day = data.next_day && { ...data.next_day, plan: isPartial ? null : data.next_day.plan };
    const made = day?.plan ? formatMoment(hass, day.plan.made * 1000) : "";
    return html`
      <section class="next" style=${`--beside:${beside}`}>
        <h2>${day?.plan ? localize("overview.plan", { time: made }) : localize("overview.no_plan")}</h2>
        <proof-of-heat-next-day
          .hass=${this.hass}
          .day=${day}
          .now=${{ price: data.price_kwh, priceKnown: true, outdoor: data.outdoor_c, room: data.room_c, heat: data.heat.value, heatEstimated: data.heat.estimated }}
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
      html`<li class=${kind}><ha-icon icon=${icon}></ha-icon><span>${sentence(text)}</span></li>`;
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
