/** Temporary overrides: which are active and when they end, and a new one. */

import { css, html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { formatDuration, formatMoment, formatNumber, formatTemperature, fromUserTemperature, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import { each } from "../../lib/each.js";
import type { Localize } from "../../lib/localize.js";
import { clamp, isNumber } from "../../lib/scale.js";
import { cardStyles } from "../../lib/styles.js";
import { errorText, type HomeAssistant } from "../../lib/types.js";
import type { Override, Overview } from "./const.js";

const HOURS = [1, 2, 3, 6, 12, 24] as const;
const PROFILES = ["comfort", "eco", "away"] as const;
const MIN_C = 5;
const MAX_C = 28;

export class OverridePanel extends LitElement {
  static override properties: PropertyDeclarations = {
    hass: { attribute: false },
    data: { attribute: false },
    localize: { attribute: false },
    targetC: { state: true },
    hours: { state: true },
    busy: { state: true },
    error: { state: true },
  };

  declare hass: HomeAssistant;
  declare data: Overview;
  declare localize: Localize;
  declare targetC: number | undefined;
  declare hours: number | undefined;
  declare busy: boolean | undefined;
  declare error: string | undefined;

  static override styles = [
    cardStyles,
    css`
      :host {
        height: auto;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
      .active {
        justify-content: space-between;
        padding: 8px 8px 8px 14px;
        border-radius: 12px;
        background: var(--soft);
        margin-bottom: 8px;
      }
      .stepper {
        display: flex;
        align-items: center;
        border: 1px solid var(--line);
        border-radius: 10px;
      }
      .stepper button {
        width: 40px;
        height: 40px;
        border: 0;
        background: none;
        cursor: pointer;
        font-size: 20px;
      }
      .stepper output {
        min-width: 68px;
        text-align: center;
        font-weight: 500;
      }
      .row + .row:not(.active) {
        margin-top: 8px;
      }
      .profiles button {
        flex: 1;
      }
      select {
        flex: 1 1 84px;
        min-width: 0;
      }
      button.set {
        padding: 0 12px;
      }
      .error {
        color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
        margin-top: 8px;
      }
      .error:empty {
        display: none;
      }
      .hint {
        margin-top: 8px;
      }
    `,
  ];

  private get step(): number {
    return isFahrenheit(this.hass) ? 1 : 0.5;
  }

  /** The target in the user's unit: what was chosen, else the highest target of the zones now. */
  private get target(): number {
    const targets = this.data.zones.map((zone) => zone.target_c).filter(isNumber);
    const celsius = this.targetC ?? (targets.length ? Math.max(...targets) : 21);
    const value = toUserTemperature(this.hass, celsius);
    return Math.round(value / this.step) * this.step;
  }

  private change(by: number): void {
    this.targetC = clamp(fromUserTemperature(this.hass, this.target + by * this.step), MIN_C, MAX_C);
  }

  private async call(service: string, data: Record<string, unknown>): Promise<void> {
    this.busy = true;
    this.error = undefined;
    try {
      await this.hass.callService("proof_of_heat", service, { config_entry_id: this.data.entry_id, ...data });
      this.targetC = undefined;
    } catch (error) {
      this.error = errorText(error);
    } finally {
      this.busy = false;
    }
  }

  private set(data: Record<string, unknown>): void {
    void this.call("override", { ...data, duration: { hours: this.hours ?? 3 } });
  }

  private describe(item: Override): string {
    const { hass, localize } = this;
    const what = isNumber(item.target_c)
      ? formatTemperature(hass, item.target_c)
      : localize(`overview.profiles.${item.profile ?? "auto"}`);
    if (item.until === null) return item.zone ? `${item.zone}: ${what}` : what;
    const until = formatMoment(hass, item.until);
    return item.zone
      ? localize("overview.override.zone_until", { zone: item.zone, what, until })
      : localize("overview.override.until", { what, until });
  }

  override render(): TemplateResult {
    const { data, localize, hass } = this;
    const locked = !data.can_control || Boolean(this.busy);
    const unit = isFahrenheit(hass) ? "°F" : "°C";
    return html`
      <h2>${localize("overview.override.title")}</h2>
      ${each(
        data.overrides,
        (item) => item.zone_id,
        (item) => html`
          <div class="row active">
            <span>${this.describe(item)}</span>
            <button class="action end" ?disabled=${locked} @click=${() => void this.end(item)}>
              ${localize(item.zone_id === null && data.overrides.length > 1 ? "overview.override.end_all" : "overview.override.end")}
            </button>
          </div>
        `,
      )}
      <div class="row">
        <div class="stepper" role="group" aria-label=${localize("overview.override.temperature")}>
          <button class="down" aria-label=${localize("overview.override.colder")} ?disabled=${locked} @click=${() => this.change(-1)}>−</button>
          <output aria-live="polite">${formatNumber(this.target, hass.locale, this.step < 1 ? 1 : 0)} ${unit}</output>
          <button class="up" aria-label=${localize("overview.override.warmer")} ?disabled=${locked} @click=${() => this.change(1)}>+</button>
        </div>
        <select
          aria-label=${localize("overview.override.duration")}
          ?disabled=${locked}
          @change=${(event: Event) => {
            this.hours = Number((event.target as HTMLSelectElement).value);
          }}
        >
          ${HOURS.map(
            (hours) => html`<option value=${hours} ?selected=${hours === (this.hours ?? 3)}>
              ${formatDuration(hours * 3600, hass.locale)}
            </option>`,
          )}
        </select>
        <button
          class="action main set"
          ?disabled=${locked}
          @click=${() => this.set({ temperature: Math.round(fromUserTemperature(hass, this.target) * 100) / 100 })}
        >
          ${localize("overview.override.set")}
        </button>
      </div>
      <div class="row profiles" role="group" aria-label=${localize("overview.override.profile")}>
        ${PROFILES.map(
          (profile) => html`<button class="action" ?disabled=${locked} @click=${() => this.set({ profile })}>
            ${localize(`overview.profiles.${profile}`)}
          </button>`,
        )}
      </div>
      ${data.can_control ? nothing : html`<p class="muted hint">${localize("common.read_only")}</p>`}
      <p class="error" role="alert">${this.error ?? ""}</p>
    `;
  }

  /** End the override of a zone; one of the whole home is ended together with those of its zones. */
  private async end(item: Override): Promise<void> {
    await this.call("clear_override", item.entity_id ? { entity_id: item.entity_id } : {});
  }
}
