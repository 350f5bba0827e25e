/** The heating curve of a system: seen, dragged, typed, saved, and confirmed by the devices. */

import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { settable } from "../../lib/curve.js";
import { formatKelvin, formatNumber, formatPercent, formatTemperature, fromUserTemperature, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import { localizer, pageLanguage } from "../../lib/localize.js";
import { TEXTS } from "../../lib/proof-of-heat.js";
import { ofSystem } from "../../lib/system-card.js";
import { isNumber } from "../../lib/scale.js";
import { stateMessage } from "../../lib/state-message.js";
import { cardStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import { errorText, isWebSocketError, type CardConfig, type ConfigForm } from "../../lib/types.js";
import { readConfig, stubConfig, type CurveConfig } from "./config.js";
import { STEP, type CurveData, type CurveMessage, type CurveValues, type Device, type Field } from "./const.js";
import { configForm } from "./editor.js";
import { CurvePlot } from "./plot.js";

if (!customElements.get("proof-of-heat-curve-plot")) customElements.define("proof-of-heat-curve-plot", CurvePlot);

const FIELDS = ["slope", "level", "max_flow_c"] as const;
const STATUS_ICONS = { confirmed: "mdi:check-circle-outline", pending: "mdi:timer-sand", failed: "mdi:alert-circle-outline" };

interface Draft extends CurveValues {
  /** The revision that the draft started from. */
  revision: string;
}

export class HeatingCurveCard extends SuiteCard<CurveConfig> {
  static override properties: PropertyDeclarations = {
    draft: { state: true },
    saving: { state: true },
    notice: { state: true },
  };

  declare draft: Draft | undefined;
  declare saving: boolean | undefined;
  /** What became of the last save. */
  declare notice: { kind: "saved" | "conflict" | "error"; text: string } | undefined;
  /** Commands that the devices had answered when the curve was saved: newer ones contain it. */
  private answered = new Map<string, string | null>();
  protected readonly texts = TEXTS;
  private readonly live = new Subscription<CurveMessage>(this, () =>
    this.config && this.hass
      ? {
          type: "proof_of_heat/curve/subscribe",
          language: this.hass.locale.language,
          ...ofSystem(this.config),
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
        justify-content: space-between;
        gap: 12px;
        align-items: baseline;
      }
      .header h2 {
        font-size: 18px;
        color: var(--primary-text-color);
        margin: 0;
      }
      .legend .now {
        background: var(--primary-color);
      }
      .legend .fit {
        border-top: 2px dashed var(--success-color, var(--green-color));
      }
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(92px, 1fr));
        gap: 8px;
      }
      label {
        font-size: 12px;
        color: var(--muted);
        display: grid;
        gap: 4px;
        align-content: end;
      }
      input[type="number"] {
        width: 100%;
        font-size: 16px;
        color: var(--primary-text-color);
        padding: 0 10px;
      }
      .box {
        display: flex;
        gap: 12px;
        align-items: center;
        justify-content: space-between;
        flex-wrap: wrap;
        padding: 8px 8px 8px 14px;
        border-radius: 12px;
        background: var(--soft);
      }
      .box p {
        flex: 1 1 180px;
      }
      .save {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 40px;
      }
      .save span {
        flex: 1;
        color: var(--muted);
      }
      .save .conflict,
      .save .error {
        color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
      }
      li {
        display: flex;
        flex-wrap: wrap;
        gap: 0 10px;
        padding: 4px 0;
        align-items: center;
      }
      li ha-icon {
        --mdc-icon-size: 18px;
        color: var(--muted);
      }
      li.confirmed ha-icon {
        color: color-mix(in srgb, var(--success-color, var(--green-color)) 60%, var(--primary-text-color));
      }
      li.failed ha-icon {
        color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
      }
      li .name {
        flex: 1 1 120px;
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected readConfig(config: CardConfig): CurveConfig {
    return readConfig(config);
  }

  override getCardSize(): number {
    return 8;
  }

  private change(data: CurveData, field: Field, value: number): void {
    const draft = this.draft ?? { slope: data.slope, level: data.level, max_flow_c: data.max_flow_c, revision: data.revision };
    const next = { ...draft, [field]: settable(value, STEP[field], data.ranges[field]) };
    const isChanged = FIELDS.some((name) => next[name] !== data[name]);
    this.draft = isChanged || next.revision !== data.revision ? next : undefined;
    this.notice = undefined;
  }

  protected override adopt({ draft }: HeatingCurveCard): void {
    this.draft ??= draft;
  }

  private undo(): void {
    this.draft = undefined;
    this.notice = undefined;
  }

  private async save(data: CurveData): Promise<void> {
    const { draft, hass } = this;
    if (!draft || !hass || this.saving) return;
    this.saving = true;
    this.notice = undefined;
    this.answered = new Map(data.devices.map(({ name, command_id }) => [name, command_id]));
    try {
      await hass.callWS({ type: "proof_of_heat/curve/set", entry_id: data.entry_id, ...draft });
      this.draft = undefined;
      this.notice = { kind: "saved", text: this.localize("common.saved") };
    } catch (error) {
      const code = isWebSocketError(error) ? error.code : "";
      const text = errorText(error);
      this.notice = code === "conflict" ? { kind: "conflict", text: this.localize("common.conflict") } : { kind: "error", text };
    } finally {
      this.saving = false;
    }
  }

  override render(): TemplateResult {
    const { hass } = this;
    const data = this.live.data;
    if (!hass || !data?.available) return html`<ha-card>${stateMessage(this.live.state, this.localize, "system")}</ha-card>`;
    const { localize } = this;
    const values = this.draft ?? data;
    const locked = !data.can_control || this.config?.read_only === true;
    return html`
      <ha-card>
        <div class="header"><h2>${this.config?.title ?? localize("curve.name")}</h2></div>
        <proof-of-heat-curve-plot
          .hass=${hass}
          .data=${data}
          .values=${values}
          ?changed=${this.draft !== undefined}
          ?locked=${locked}
          .localize=${localize}
          @value=${(event: CustomEvent<{ field: Field; value: number }>) => this.change(data, event.detail.field, event.detail.value)}
        ></proof-of-heat-curve-plot>
        ${this.legend(data)} ${this.fields(data, values, locked)} ${this.suggestion(data, values, locked)}
        ${locked ? this.locked(data) : this.footer(data)} ${this.devices(data)}
      </ha-card>
    `;
  }

  private legend(data: CurveData): TemplateResult {
    const { localize } = this;
    return html`
      <div class="legend">
        <span><i></i>${localize(this.draft ? "curve.draft" : "curve.curve")}</span>
        ${isNumber(data.outdoor_c) && isNumber(data.setpoint_c) ? html`<span><i class="dots now"></i>${localize("curve.now")}</span>` : nothing}
        ${data.measured.length ? html`<span><i class="dots"></i>${localize("curve.measured")}</span>` : nothing}
        ${data.suggestion ? html`<span><i class="fit"></i>${localize("curve.suggested")}</span>` : nothing}
      </div>
    `;
  }

  private fields(data: CurveData, values: CurveValues, locked: boolean): TemplateResult {
    const { hass, localize } = this;
    if (!hass) return html``;
    const fahrenheit = isFahrenheit(hass);
    return html`
      <div class="fields">
        ${FIELDS.map((field) => {
          const factor = field === "level" && fahrenheit ? 1.8 : 1;
          const toUser = (value: number): number => (field === "max_flow_c" ? toUserTemperature(hass, value) : value * factor);
          const fromUser = (value: number): number => (field === "max_flow_c" ? fromUserTemperature(hass, value) : value / factor);
          const unit = field === "slope" ? "" : field === "level" ? ` (${fahrenheit ? "°F" : "K"})` : ` (${fahrenheit ? "°F" : "°C"})`;
          const [low, high] = data.ranges[field];
          const shown = Number(toUser(values[field]).toFixed(2));
          return html`<label>
            ${localize(`curve.${field}`)}${unit}
            <input
              type="number"
              name=${field}
              step=${fahrenheit && field !== "slope" ? "any" : STEP[field]}
              min=${toUser(low)}
              max=${toUser(high)}
              .value=${String(shown)}
              ?disabled=${locked}
              @change=${(event: Event) => {
                const input = event.target as HTMLInputElement;
                const value = Number(input.value);
                if (input.value !== "" && Number.isFinite(value)) this.change(data, field, fromUser(value));
                this.requestUpdate();
              }}
            />
          </label>`;
        })}
      </div>
    `;
  }

  private suggestion(data: CurveData, values: CurveValues, locked: boolean): TemplateResult | typeof nothing {
    const { hass, localize } = this;
    const { suggestion } = data;
    if (!hass || !suggestion || (suggestion.slope === values.slope && suggestion.level === values.level)) return nothing;
    return html`
      <div class="box">
        <p>
          ${localize("curve.suggestion", {
            slope: formatNumber(suggestion.slope, hass.locale, 2),
            level: formatKelvin(hass, suggestion.level, 0),
            confidence: formatPercent(suggestion.confidence * 100, hass.locale),
          })}
        </p>
        ${locked
          ? nothing
          : html`<button
              class="action use"
              @click=${() => {
                this.change(data, "slope", suggestion.slope);
                this.change(data, "level", suggestion.level);
              }}
            >
              ${localize("curve.use")}
            </button>`}
      </div>
    `;
  }

  private locked(data: CurveData): TemplateResult | typeof nothing {
    return data.can_control ? nothing : html`<p class="muted">${this.localize("common.read_only")}</p>`;
  }

  private footer(data: CurveData): TemplateResult {
    const { localize, draft } = this;
    const isStale = draft !== undefined && draft.revision !== data.revision;
    const notice = isStale
      ? ({ kind: "conflict", text: localize("common.conflict") } as const)
      : (this.notice ?? (draft ? { kind: "draft", text: localize("common.unsaved") } : { kind: "", text: "" }));
    if (!notice.text && !this.saving) return html``;
    return html`
      <div class="save">
        <span class=${notice.kind} role="status">${this.saving ? localize("common.saving") : notice.text}</span>
        ${draft
          ? html`
              <button class="action undo" ?disabled=${Boolean(this.saving)} @click=${() => this.undo()}>
                ${localize(isStale ? "common.load_changes" : "common.undo")}
              </button>
              ${isStale
                ? nothing
                : html`<button class="action main" ?disabled=${Boolean(this.saving)} @click=${() => void this.save(data)}>${localize("common.save")}</button>`}
            `
          : nothing}
      </div>
    `;
  }

  private devices(data: CurveData): TemplateResult | typeof nothing {
    const { localize } = this;
    if (!data.devices.length) return nothing;
    return html`
      <section>
        <h2>${localize("curve.devices")}</h2>
        <ul>
          ${data.devices.map((device) => this.device(device, data.active))}
        </ul>
      </section>
    `;
  }

  private device(device: Device, active: boolean): TemplateResult {
    const { hass, localize } = this;
    if (!hass) return html``;
    const isOlder = this.answered.has(device.name) && this.answered.get(device.name) === device.command_id;
    const status = !active ? "off" : isOlder ? "pending" : (device.status ?? "pending");
    const text = status === "failed" && device.reason ? device.reason.charAt(0).toLocaleUpperCase() + device.reason.slice(1) : localize(`curve.status.${status}`);
    const flow = isNumber(device.flow_c) ? ` · ${localize("curve.flow", { value: formatTemperature(hass, device.flow_c) })}` : "";
    return html`
      <li class=${status}>
        <ha-icon icon=${STATUS_ICONS[status as keyof typeof STATUS_ICONS] ?? "mdi:power"}></ha-icon>
        <span class="name">${device.name}</span>
        <span class="muted">${text}${flow}</span>
      </li>
    `;
  }
}
