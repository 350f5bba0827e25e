/** Where the heat comes from and where it goes: flows of energy through the heat sources in an hour, a day or a month. */

import { html, nothing, svg, type PropertyDeclarations, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { formatEnergy, formatList, formatMoment, formatMoney, formatNumber } from "../../lib/format.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { ofSystem } from "../../lib/system-card.js";
import { Request } from "../../lib/request.js";
import { Width } from "../../lib/resize.js";
import { message, stateMessage } from "../../lib/state-message.js";
import type { CardConfig, ConfigForm, HomeAssistant, Locale } from "../../lib/types.js";
import { KIND_COLORS } from "../heating-overview/const.js";
import { readConfig, stubConfig, type EnergyFlowConfig } from "./config.js";
import { MAX_OFFSET, NODE_COLORS, PERIODS, type EnergyFlow, type EnergyFlowMessage, type FlowNode, type Period } from "./const.js";
import { configForm } from "./editor.js";
import { BAR, fitted, LABEL, layout, type Bar } from "./layout.js";
import { periodName } from "./period.js";
import { styles } from "./styles.js";

/** Less than a kWh is shown in Wh. */
const energy = (kwh: number, locale: Locale): string =>
  kwh < 1 ? `${formatNumber(kwh * 1000, locale)} Wh` : formatEnergy(kwh, locale, kwh < 100 ? 1 : 0);
/** What began to be recorded later than this after the start of a period is marked as incomplete. */
const LATE_S = 3700;

export class EnergyFlowCard extends SuiteCard<EnergyFlowConfig> {
  static override properties: PropertyDeclarations = { period: { state: true }, offset: { state: true } };
  static override styles = styles;
  static getStubConfig = stubConfig;
  static getConfigForm = (): ConfigForm => configForm(localizer(TEXTS, pageLanguage()));

  declare period: Period | undefined;
  declare offset: number;
  protected readonly texts = TEXTS;
  private readonly width = new Width(this);
  private readonly source = new Request<EnergyFlowMessage>(this, () =>
    this.config
      ? {
          type: "proof_of_heat/energy_flow/get",
          period: this.shown,
          offset: this.offset,
          ...ofSystem(this.config),
        }
      : undefined,
  );

  constructor() {
    super();
    this.offset = 0;
  }

  protected readConfig(config: CardConfig): EnergyFlowConfig {
    return readConfig(config);
  }

  private get shown(): Period {
    return this.period ?? this.config?.period ?? "day";
  }

  override render(): TemplateResult {
    const { hass, localize } = this;
    const data = this.source.data;
    if (!hass || !data?.available) return html`<ha-card>${stateMessage(this.source.state, localize, "system")}</ha-card>`;
    return html`
      <ha-card>
        <div class="head">
          <h2 class="title">${this.config?.title ?? localize("flow.name")}</h2>
          <div class="periods" role="group" aria-label=${localize("flow.period")}>
            ${PERIODS.map(
              (period) => html`<button aria-pressed=${period === this.shown} @click=${() => this.choose(period)}>${localize(`flow.${period}`)}</button>`,
            )}
          </div>
        </div>
        ${this.pager(data, hass)} ${this.content(data, hass)}
      </ha-card>
    `;
  }

  private choose(period: Period): void {
    this.period = period;
    this.offset = 0;
  }

  private pager(data: EnergyFlow, hass: HomeAssistant): TemplateResult {
    const step = (by: number): void => {
      this.offset = Math.min(MAX_OFFSET, Math.max(0, this.offset + by));
    };
    const button = (icon: string, key: string, by: number, isEnd: boolean): TemplateResult => html`
      <button class="step" aria-label=${this.localize(key)} ?disabled=${isEnd} @click=${() => step(by)}><ha-icon icon=${icon}></ha-icon></button>
    `;
    return html`
      <div class="pager">
        ${button("mdi:chevron-left", "flow.earlier", 1, this.offset >= MAX_OFFSET)}
        <strong aria-live="polite">${periodName(hass, data)}</strong>
        ${button("mdi:chevron-right", "flow.later", -1, this.offset === 0)}
      </div>
    `;
  }

  private content(data: EnergyFlow, hass: HomeAssistant): TemplateResult {
    const { localize } = this;
    if (!data.recorded) return message("mdi:database-off-outline", localize("flow.no_recorder"), localize("flow.no_recorder_detail"));
    if (!data.flows.length) return html`${message("mdi:chart-sankey", localize("flow.empty"), localize("flow.empty_detail"))} ${this.notes(data, hass)}`;
    const width = this.width.inside();
    const { height, bars, ribbons } = layout(data.nodes, data.flows, width);
    const colors = new Map(data.nodes.map((node) => [node.id, this.color(node)]));
    const isLost = (id: string): boolean => id === "losses" || id === "unmeasured";
    return html`
      <svg width=${width} height=${height} role="img" aria-label=${this.summary(bars)}>
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="6" height="6" fill="#555" /><rect width="3" height="6" fill="#fff" />
          </pattern>
          <mask id="estimated" maskUnits="userSpaceOnUse" x="0" y="0" width=${width} height=${height}>
            <rect width=${width} height=${height} fill="url(#hatch)" />
          </mask>
        </defs>
        ${ribbons.map(
          ({ flow, path }) => svg`<path d=${path} class="ribbon" fill=${colors.get(isLost(flow.to) ? flow.to : flow.from) ?? ""}
            mask=${flow.estimated ? "url(#estimated)" : nothing}><title>${this.sentence(data, flow.from, flow.to, flow.kwh, flow.estimated)}</title></path>`,
        )}
        ${bars.map((bar) => this.bar(bar, data, width, colors.get(bar.node.id) ?? ""))}
      </svg>
      ${this.notes(data, hass)} ${this.table(data)}
    `;
  }

  private color({ kind, column }: FlowNode): string {
    return (column === 1 ? KIND_COLORS[kind] : NODE_COLORS[kind]) ?? "var(--secondary-text-color)";
  }

  private name(node: FlowNode | undefined): string {
    return node ? (node.name ?? this.localize(`flow.nodes.${node.kind}`)) : "";
  }

  private amount(kwh: number, estimated: boolean): string {
    return this.hass ? (estimated ? "≈ " : "") + energy(kwh, this.hass.locale) : "";
  }

  private bar({ node, kwh, estimated, x, y, height }: Bar, data: EnergyFlow, width: number, color: string): TemplateResult {
    const [anchor, at] = [["start", x], ["middle", x + BAR / 2], ["end", x + BAR]][node.column] ?? ["start", x];
    const name = this.name(node);
    const revenue = data.revenue.find(({ source }) => source === node.id);
    const money = revenue && revenue.value >= 0.005 && this.hass ? ` · +${formatMoney(revenue.value, data.currency, this.hass.locale)}` : "";
    return svg`
      <rect x=${x} y=${y} width=${BAR} height=${height} rx="3" fill=${color} />
      <text class="name" x=${at} y=${y - LABEL + 14} text-anchor=${anchor}>${fitted(name, width / 3 - 8)}<title>${name}</title></text>
      <text x=${at} y=${y - LABEL + 27} text-anchor=${anchor}>${this.amount(kwh, estimated)}${money}</text>
    ` as TemplateResult;
  }

  private sentence(data: EnergyFlow, from: string, to: string, kwh: number, estimated: boolean): string {
    const [begin, end] = [from, to].map((id) => this.name(data.nodes.find((node) => node.id === id)));
    return `${begin} → ${end}: ${this.amount(kwh, estimated)}`;
  }

  private summary(bars: readonly Bar[]): string {
    const parts = bars.map(({ node, kwh, estimated }) => `${this.name(node)} ${this.amount(kwh, estimated)}`);
    return `${this.localize("flow.name")}: ${parts.join(", ")}`;
  }

  private notes(data: EnergyFlow, hass: HomeAssistant): TemplateResult {
    const { localize } = this;
    const earned = data.revenue.reduce((total, { value }) => total + value, 0);
    const money = (value: number): string => formatMoney(value, data.currency, hass.locale);
    const late = data.recorded_from ? (Date.parse(data.recorded_from) - Date.parse(data.begin)) / 1000 > LATE_S : false;
    return html`
      <ul class="notes">
        ${data.cost === null ? nothing : html`<li><span>${localize("flow.cost")}</span><strong>${money(data.cost)}</strong></li>`}
        ${data.revenue.length
          ? html`<li><span>${localize("flow.revenue")}</span><strong>${data.revenue.every(({ complete }) => complete) ? "" : "≥ "}${money(earned)}</strong></li>`
          : nothing}
        ${data.flows.some(({ estimated }) => estimated) ? html`<li><i class="hatch"></i><span>${localize("flow.estimated")}</span></li>` : nothing}
        ${data.unknown.length ? html`<li><ha-icon icon="mdi:help-circle-outline"></ha-icon><span>${localize("flow.unknown", { names: formatList(data.unknown, hass.locale) })}</span></li>` : nothing}
        ${late && data.recorded_from ? html`<li><ha-icon icon="mdi:history"></ha-icon><span>${localize("flow.recorded_from", { time: formatMoment(hass, data.recorded_from) })}</span></li>` : nothing}
      </ul>
    `;
  }

  /** The same in numbers, for touch and for screen readers. */
  private table(data: EnergyFlow): TemplateResult {
    return html`
      <details>
        <summary>${this.localize("flow.numbers")}</summary>
        <ul class="numbers">
          ${data.flows.map(({ from, to, kwh, estimated }) => html`<li>${this.sentence(data, from, to, kwh, estimated)}</li>`)}
        </ul>
      </details>
    `;
  }
}
