/** The outlets of a hub or of all hubs: sockets, limits, alerts, and "Switch everything off". */

import { html, nothing, type TemplateResult } from "lit";
import { each } from "../../lib/each.js";
import { SuiteCard } from "../../lib/card.js";
import { COMMON } from "../../lib/common.js";
import { formatMoment, formatNumber, formatPower, UNKNOWN } from "../../lib/format.js";
import { Hold } from "./hold.js";
import { joined, localizer, pageLanguage, withCommon } from "../../lib/localize.js";
import { stateNote } from "../../lib/state-message.js";
import { panelStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import {
  errorText,
  type CardConfig,
  type ConfigForm,
  type HomeAssistant,
} from "../../lib/types.js";
import de from "../../localize/smart_outlet/de.json";
import en from "../../localize/smart_outlet/en.json";
import fi from "../../localize/smart_outlet/fi.json";
import ru from "../../localize/smart_outlet/ru.json";
import {
  merge,
  ordered,
  parseAmperes,
  socketName,
  type Alert,
  type Hub,
  type Message,
  type Outlet,
  type Panel,
  type Panels,
  type Socket,
} from "./state.js";
import { styles } from "./styles.js";

export const TEXTS = withCommon({ en, de, fi, ru }, COMMON);

interface Config extends CardConfig {
  entry_id?: string;
  title?: string;
}

export class OutletPanelCard extends SuiteCard<Config> {
  static override styles = [panelStyles, styles];
  static override properties = {
    panels: { state: true },
    alerts: { state: true },
    editing: { state: true },
    status: { state: true },
    include: { state: true },
  };

  protected readonly texts = TEXTS;
  declare panels: Panels;
  declare alerts: Alert[];
  /** The limit that is edited: "<entry>" or "<entry>/<outlet>". */
  declare editing: string;
  declare status: string;
  /** Whether protected sockets are switched off too. */
  declare include: boolean;
  /** How many alerts there are and how many of them persist, by hub. */
  private alertCounts = "";

  private readonly source = new Subscription<Message>(
    this,
    () =>
      this.config && {
        type: "smart_outlet/subscribe",
        ...(this.config.entry_id ? { entry_id: this.config.entry_id } : {}),
      },
    (message) => this.received(message),
  );
  private readonly hold = new Hold(this, () => void this.switchEverythingOff());

  constructor() {
    super();
    this.panels = {};
    this.alerts = [];
    this.editing = "";
    this.status = "";
    this.include = false;
  }

  static getConfigForm(): ConfigForm {
    const localize = localizer(TEXTS, pageLanguage());
    return {
      schema: [
        { name: "entry_id", selector: { config_entry: { integration: "smart_outlet" } } },
        { name: "title", selector: { text: {} } },
      ],
      computeLabel: (field) => localize(`form.${field.name}`),
      computeHelper: (field) => (field.name === "entry_id" ? localize("form.entry_help") : undefined),
    };
  }

  static getStubConfig(): Omit<Config, "type"> {
    return {};
  }

  protected readConfig(config: CardConfig): Config {
    return config as Config;
  }

  private received(message: Message): void {
    this.panels = merge(this.panels, message);
    const counts = Object.values(this.panels).map(({ hub }) => [hub?.alerts, hub?.active_alerts]).join();
    if (counts !== this.alertCounts) {
      this.alertCounts = counts;
      void this.loadAlerts();
    }
  }

  private async loadAlerts(): Promise<void> {
    const entry = this.config?.entry_id;
    const answer = await this.send<{ alerts: Alert[] }>("alerts", entry ? { entry_id: entry } : {});
    if (answer) this.alerts = answer.alerts;
  }

  /** Send a command; a refusal is shown, and nothing returned. */
  private async send<T = unknown>(command: string, data: Record<string, unknown>): Promise<T | undefined> {
    try {
      const answer = await this.hass?.callWS<T>({ type: `smart_outlet/${command}`, ...data });
      if (command !== "alerts") this.status = "";
      return answer;
    } catch (error) {
      this.status = this.localize("failed", { error: errorText(error) });
      return undefined;
    }
  }

  private async switchEverythingOff(): Promise<void> {
    const entry = this.config?.entry_id;
    await this.send("switch_everything_off", { ...(entry && { entry_id: entry }), include_protected: this.include });
  }

  private async setLimit(entry: string, outlet: string | undefined, text: string): Promise<void> {
    const threshold = parseAmperes(text);
    if (threshold === undefined) {
      this.status = this.localize("not_a_number");
      return;
    }
    this.editing = "";
    if (outlet === undefined) await this.send("set_main_threshold", { entry_id: entry, threshold });
    else await this.send("set_threshold", { entry_id: entry, device_id: outlet, threshold });
  }

  private amperes(ma: number | null): string {
    return ma === null || !this.hass ? UNKNOWN : `${formatNumber(ma / 1000, this.hass.locale, 2)} A`;
  }

  // Rendering

  protected override render(): TemplateResult | typeof nothing {
    if (!this.config) return nothing;
    const panels = Object.entries(this.panels).filter(([, panel]) => panel.hub);
    return html`<ha-card>
      ${this.config.title ? html`<h2>${this.config.title}</h2>` : nothing}
      ${panels.length ? each(panels, ([entry]) => entry, ([entry, panel]) => this.panel(entry, panel)) : stateNote(this.source.state, this.localize)}
      ${panels.length ? this.powerOff(panels.map(([, panel]) => panel)) : nothing}
      <div class="live ${this.status ? "error" : ""}" role="status" aria-live="polite">${this.status}</div>
    </ha-card>`;
  }

  private panel(entry: string, panel: Panel): TemplateResult {
    const hub = panel.hub as Hub;
    const outlets = ordered(panel);
    return html`<section aria-label=${hub.name}>
      <div class="head">
        <h3>${hub.name}</h3>
        ${hub.online ? nothing : html`<span class="chip bad">${this.localize("offline")}</span>`}
      </div>
      ${this.breaker(entry, hub)} ${this.alertList(entry, hub)}
      ${outlets.length ? nothing : html`<p class="note">${this.localize("no_outlets")}</p>`}
      <div class="outlets">${each(outlets, (outlet) => outlet.device_id, (outlet) => this.outlet(entry, hub, outlet))}</div>
    </section>`;
  }

  private breaker(entry: string, hub: Hub): TemplateResult {
    const limit = hub.main_threshold;
    const share = limit && hub.main_current !== null ? Math.min(1, hub.main_current / limit) : 0;
    const now = `${this.amperes(hub.main_current)}${hub.main_power_w === null || !this.hass ? "" : ` · ${formatPower(hub.main_power_w, this.hass.locale)}`}`;
    const label = this.localize(hub.is_sum ? "sum_current" : "main_current");
    return html`<div class="breaker ${hub.over_main_threshold ? "over" : ""}">
      <span>${label}</span><strong>${now}</strong>
      ${this.limit(entry, undefined, limit, hub.can_set_threshold, label)}
      ${limit
        ? html`<div
            class="meter"
            role="meter"
            aria-label=${label}
            aria-valuemin="0"
            aria-valuemax=${limit / 1000}
            aria-valuenow=${(hub.main_current ?? 0) / 1000}
            aria-valuetext=${now}
          >
            <i style="inline-size:${share * 100}%"></i>
          </div>`
        : nothing}
    </div>`;
  }

  /** A limit: a button that opens a field, or only a text without the permission. */
  private limit(entry: string, outlet: string | undefined, ma: number, may: boolean, of: string): TemplateResult {
    const key = outlet === undefined ? entry : `${entry}/${outlet}`;
    const text = ma ? this.localize("limit", { value: this.amperes(ma) }) : this.localize("no_limit");
    if (!may) return html`<span class="limit">${text}</span>`;
    if (this.editing !== key) {
      const open = (): void => {
        this.editing = key;
        void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(".edit input")?.focus());
      };
      return html`<button class="limit" aria-label="${of}: ${text}" @click=${open}>${text}</button>`;
    }
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.setLimit(entry, outlet, (event.target as HTMLFormElement).querySelector("input")?.value ?? "");
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") this.editing = "";
    };
    return html`<form class="edit" @submit=${submit} @keydown=${escape}>
      <input inputmode="decimal" aria-label=${this.localize("limit_field", { of })} .value=${ma ? String(ma / 1000) : ""} />
      <span>A</span><button class="primary">${this.localize("common.save")}</button>
    </form>`;
  }

  private alertList(entry: string, hub: Hub): TemplateResult | typeof nothing {
    const alerts = this.alerts.filter((alert) => alert.entry_id === entry);
    if (!alerts.length) return nothing;
    const dismiss = async (alert?: Alert): Promise<void> => {
      await this.send("dismiss_alert", { entry_id: entry, ...(alert && { alert_id: alert.id }) });
      await this.loadAlerts();
    };
    return html`<ul class="alerts" aria-label=${this.localize("alerts")}>
      ${each(
        alerts.slice(0, 5),
        (alert) => alert.id,
        (alert) =>
          html`<li>
            <span>${joined(alert.message)}<small>${this.span(alert)}</small></span>
            ${hub.can_dismiss
              ? html`<button aria-label="${this.localize("dismiss")}: ${alert.message}" @click=${() => dismiss(alert)}>
                  ${this.localize("dismiss")}
                </button>`
              : nothing}
          </li>`,
      )}
      ${alerts.length > 1 && hub.can_dismiss
        ? html`<li class="all">
            <button @click=${() => dismiss()}>${this.localize("dismiss_all", { count: alerts.length })}</button>
          </li>`
        : nothing}
    </ul>`;
  }

  /** When an alert was raised, and when its reason ended. */
  private span({ created, cleared }: Alert): string {
    if (!this.hass) return "";
    const begin = formatMoment(this.hass, created);
    return cleared && cleared !== created ? `${begin} – ${formatMoment(this.hass, cleared)}` : begin;
  }

  private outlet(entry: string, hub: Hub, outlet: Outlet): TemplateResult {
    return html`<div class="outlet ${outlet.online ? "" : "away"}" role="group" aria-label=${outlet.name}>
      <div class="title">
        <span class="name">${outlet.name}</span>
        ${outlet.is_overload ? html`<span class="chip bad">${this.localize("overload")}</span>` : nothing}
        ${outlet.online || !hub.online ? nothing : html`<span class="chip">${this.localize("offline")}</span>`}
        ${this.limit(entry, outlet.device_id, outlet.threshold, outlet.can_set_threshold, outlet.name)}
      </div>
      <div class="sockets">
        ${(["a", "b"] as const).map((name) => this.socket(entry, outlet, name, outlet.sockets[name]))}
      </div>
    </div>`;
  }

  private socket(entry: string, outlet: Outlet, name: "a" | "b", socket: Socket): TemplateResult {
    // The outlet switched a tripped socket off, even if its relay is still reported as on.
    const isOn = socket.tripped ? false : socket.is_on;
    const state = socket.pending !== null ? "pending" : isOn === null ? "unknown" : isOn ? "on" : "off";
    const toggle = (): void => {
      const on = !(socket.pending ?? isOn ?? false);
      void this.send("switch", { entry_id: entry, device_id: outlet.device_id, socket: name, on });
    };
    const power = outlet.online && this.hass ? formatPower(socket.power_w, this.hass.locale) : UNKNOWN;
    const current = outlet.online ? this.amperes(socket.current_ma) : UNKNOWN;
    const text = this.localize(state === "unknown" && !outlet.online ? "offline" : `state.${state}`);
    const mark = socket.tripped ? "tripped" : socket.over_threshold ? "over" : "";
    return html`<button
      class="socket ${state} ${mark ? "bad" : ""}"
      role="switch"
      aria-checked=${isOn ? "true" : "false"}
      aria-label="${outlet.name} ${name.toUpperCase()}: ${text}, ${current}, ${power}${mark ? `, ${this.localize(mark)}` : ""}${socket.protected ? `, ${this.localize("protected")}` : ""}"
      ?disabled=${!socket.can_control}
      @click=${toggle}
    >
      <span class="letter">${name.toUpperCase()}</span>
      <span class="state">${mark ? this.localize(mark) : text}</span>
      ${socket.protected ? html`<ha-icon icon="mdi:shield-lock-outline" title=${this.localize("protected")}></ha-icon>` : nothing}
      <span class="values">${current}<br />${power}</span>
    </button>`;
  }

  private powerOff(panels: Panel[]): TemplateResult {
    const may = panels.some(({ hub }) => hub?.can_switch_off);
    const held = this.hold.active;
    return html`<div class="all-off">
      ${panels.map((panel) => this.result(panel))}
      <button
        class="danger ${held ? "held" : ""}"
        aria-describedby="hold"
        ?disabled=${!may}
        @pointerdown=${this.hold.press}
        @pointerup=${this.hold.release}
        @pointercancel=${this.hold.release}
        @contextmenu=${(event: Event) => event.preventDefault()}
        @keydown=${this.hold.press}
        @keyup=${this.hold.release}
        @blur=${this.hold.release}
      >
        <ha-icon icon="mdi:power"></ha-icon>${this.localize("switch_off")}
      </button>
      <small id="hold">${this.localize(may ? "hold" : "common.read_only")}</small>
      ${may && panels.some((panel) => ordered(panel).some(({ sockets }) => sockets.a.protected || sockets.b.protected))
        ? html`<label class="include"
            ><input
              type="checkbox"
              .checked=${this.include}
              @change=${(event: Event) => {
                this.include = (event.target as HTMLInputElement).checked;
              }}
            />${this.localize("include_protected")}</label
          >`
        : nothing}
    </div>`;
  }

  /** The result of the last power-off by socket; hidden once everything is on again and it was complete. */
  private result(panel: Panel): TemplateResult | typeof nothing {
    const { hub } = panel;
    if (!hub?.cut) return nothing;
    const { cut } = hub;
    if (cut.finished && !hub.restorable.length && !cut.unreachable.length) return nothing;
    const kinds = ["pending", "unreachable", "confirmed", "protected"] as const;
    const entry = Object.keys(this.panels).find((id) => this.panels[id] === panel);
    return html`<div class="result" aria-live="polite">
      <strong>${this.localize(!cut.finished ? "in_progress" : cut.unreachable.length ? "incomplete" : cut.protected.length ? "complete_others" : "complete")}</strong>
      <ul>
        ${kinds
          .filter((kind) => cut[kind].length)
          .map(
            (kind) =>
              html`<li class=${kind}>
                <b>${this.localize(`result.${kind}`)}:</b> ${cut[kind].map((id) => socketName(panel, id)).join(", ")}
              </li>`,
          )}
      </ul>
      ${hub.restorable.length && hub.can_switch_off
        ? html`<button @click=${() => this.send("restore", { entry_id: entry })}>
            ${this.localize("restore", { sockets: hub.restorable.map((id) => socketName(panel, id)).join(", ") })}
          </button>`
        : nothing}
    </div>`;
  }
}

/** Whether an entity belongs to an outlet hub. */
export const isOutletEntity = (hass: HomeAssistant, entityId: string): boolean =>
  hass.entities[entityId]?.platform === "smart_outlet";
