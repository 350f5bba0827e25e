/** Firmware rollouts: waves, devices, the gate and why it waits; releases are uploaded by dropping their files. */

import { html, nothing, type TemplateResult } from "lit";
import { each } from "../../lib/each.js";
import { SuiteCard } from "../../lib/card.js";
import { COMMON } from "../../lib/common.js";
import { formatDuration, formatMoment, formatPercent } from "../../lib/format.js";
import { localizer, pageLanguage, withCommon } from "../../lib/localize.js";
import { stateNote } from "../../lib/state-message.js";
import { panelStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import {
  errorText,
  type CardConfig,
  type ConfigForm,
  type HomeAssistant,
} from "../../lib/types.js";
import de from "../../localize/ota/de.json";
import en from "../../localize/ota/en.json";
import fi from "../../localize/ota/fi.json";
import ru from "../../localize/ota/ru.json";
import { offers, progressOf, uploadOf, verbsOf, type Overview, type Rollout, type RolloutDevice, type Verb } from "./state.js";
import { styles } from "./styles.js";

export const TEXTS = withCommon({ en, de, fi, ru }, COMMON);

interface Config extends CardConfig {
  title?: string;
}

/** Home Assistant's own request function, which adds the user's token. */
type Fetching = HomeAssistant & { fetchWithAuth: (path: string, init: RequestInit) => Promise<Response> };

export class RolloutCard extends SuiteCard<Config> {
  static override styles = [panelStyles, styles];
  static override properties = {
    status: { state: true },
    isError: { state: true },
    busy: { state: true },
    over: { state: true },
    asked: { state: true },
    uploaded: { state: true },
  };

  protected readonly texts = TEXTS;
  declare status: string;
  declare isError: boolean;
  declare busy: boolean;
  /** Whether files are held over the card. */
  declare over: boolean;
  /** The operation that has to be confirmed: "<rollout>/<verb>". */
  declare asked: string;
  declare uploaded: { product: string; version: string } | undefined;

  private readonly source = new Subscription<Overview>(this, () =>
    this.config ? { type: "ota/rollouts/subscribe" } : undefined,
  );

  constructor() {
    super();
    this.status = "";
    this.isError = false;
    this.busy = false;
    this.over = false;
    this.asked = "";
  }

  static getConfigForm(): ConfigForm {
    const localize = localizer(TEXTS, pageLanguage());
    return {
      schema: [{ name: "title", selector: { text: {} } }],
      computeLabel: (field) => localize(`form.${field.name}`),
    };
  }

  static getStubConfig(): Omit<Config, "type"> {
    return {};
  }

  protected readConfig(config: CardConfig): Config {
    return config as Config;
  }

  private say(status: string, isError = false): void {
    this.status = status;
    this.isError = isError;
  }

  private async send(command: string, data: Record<string, unknown>): Promise<void> {
    this.asked = "";
    this.busy = true;
    try {
      await this.hass?.callWS({ type: `ota/rollout/${command}`, ...data });
      this.say("");
    } catch (error) {
      this.say(this.localize("failed", { error: errorText(error) }), true);
    } finally {
      this.busy = false;
    }
  }

  private async start(product: string, version: string): Promise<void> {
    this.uploaded = undefined;
    await this.send("start", { product, version: [version], strategy: "canary", percent: 10 });
  }

  private async upload(files: Iterable<File>): Promise<void> {
    const upload = uploadOf(files);
    if (!upload) return this.say(this.localize("no_image"), true);
    if (!upload.manifest) return this.say(this.localize("no_manifest"), true);
    this.busy = true;
    this.say(this.localize("uploading", { name: upload.image.name }));
    try {
      const body = new FormData();
      body.append("manifest", (await upload.manifest.text()).trim());
      if (upload.signature) body.append("signature", (await upload.signature.text()).trim());
      body.append("image", upload.image);
      const answer = await (this.hass as Fetching).fetchWithAuth("/api/ota/releases/", { method: "POST", body });
      const release = (await answer.json()) as { product: string; version: string; message?: string; error?: string };
      if (!answer.ok) throw new Error(release.message ?? release.error ?? String(answer.status));
      this.uploaded = { product: release.product, version: release.version };
      this.say(this.localize("uploaded", this.uploaded));
    } catch (error) {
      this.say(this.localize("failed", { error: errorText(error) }), true);
    } finally {
      this.busy = false;
    }
  }

  // Rendering

  protected override render(): TemplateResult | typeof nothing {
    if (!this.config) return nothing;
    const may = this.source.data?.is_admin === true;
    const hover = (event: DragEvent): void => {
      if (!may) return;
      event.preventDefault();
      this.over = event.type === "dragover";
    };
    const drop = (event: DragEvent): void => {
      hover(event);
      if (may && event.dataTransfer?.files.length) void this.upload(event.dataTransfer.files);
    };
    return html`<ha-card class=${this.over ? "over" : ""} @dragover=${hover} @dragleave=${hover} @drop=${drop}>
      <h2>${this.config.title ?? this.localize("card.name")}</h2>
      ${this.body()}
      <div class="live ${this.isError ? "error" : ""}" role="status" aria-live="polite">${this.status}</div>
    </ha-card>`;
  }

  private body(): TemplateResult {
    const { state } = this.source;
    const note = stateNote(state, this.localize);
    if (note || state.kind !== "data") return note ?? html``;
    const { rollouts = [], is_admin: may = false } = state.data;
    return html`${rollouts.length ? each(rollouts, ({ rollout }) => rollout, (rollout) => this.rollout(rollout, may)) : html`<p class="note">${this.localize("empty")}</p>`}
    ${this.releases(state.data, may)}`;
  }

  private rollout(rollout: Rollout, may: boolean): TemplateResult {
    const ended = ["succeeded", "aborted", "rolled_back"].includes(rollout.status);
    return html`<details class="rollout" ?open=${!ended}>
      <summary>
        <span class="name">${rollout.name}</span>
        <span class="chip ${rollout.status}">${this.localize(`status.${rollout.status}`)}</span>
        <span class="count">${this.localize("count", { verified: rollout.verified, devices: rollout.devices })}</span>
      </summary>
      ${this.waves(rollout)} ${ended ? nothing : html`<p class="gate">${this.gate(rollout)}</p>`}
      ${Object.keys(rollout.reasons).length ? this.reasons(rollout) : nothing}
      ${rollout.device_list.length ? this.devices(rollout) : nothing} ${this.operations(rollout, may)}
    </details>`;
  }

  private waves(rollout: Rollout): TemplateResult {
    return html`<ol class="waves">
      ${rollout.wave_list.map((wave, index) => {
        const { done, failed, busy, open } = progressOf(wave);
        const label = this.localize("wave", { wave: index + 1, done, failed, busy, open });
        const part = (name: string, count: number): TemplateResult | typeof nothing =>
          count ? html`<i class=${name} style="flex-grow:${count}"></i>` : nothing;
        return html`<li class=${index + 1 === rollout.wave ? "current" : ""} style="flex-grow:${Math.max(1, wave.devices)}">
          <div class="bar" role="img" aria-label=${label} title=${label}>
            ${part("done", done)}${part("failed", failed)}${part("busy", busy)}${part("open", open)}
          </div>
          <span>${this.localize("wave_number", { wave: index + 1 })} · ${done}/${wave.devices}</span>
          ${wave.not_before && this.hass && index + 1 > rollout.wave
            ? html`<small>${this.localize("from", { time: formatMoment(this.hass, wave.not_before) })}</small>`
            : nothing}
        </li>`;
      })}
    </ol>`;
  }

  /** What the gate waits for, in one sentence. */
  private gate(rollout: Rollout): string {
    const details = rollout.gate_details;
    if (rollout.status === "paused") {
      return rollout.pause_reason ? this.localize("paused_by", { reason: this.reason(rollout.pause_reason) }) : this.localize("paused");
    }
    if (rollout.status === "scheduled") return this.localize("scheduled");
    const ends = details.soak_ends && this.hass ? formatMoment(this.hass, details.soak_ends) : undefined;
    if (rollout.gate_reason === "soak" && ends) return this.localize("gate.soak", { time: ends });
    const soak = this.hass ? formatDuration(details.soak_s, this.hass.locale) : "";
    const key = `gate.${rollout.gate_reason}`;
    const text = this.localize(key, { finished: details.finished, needed: details.needed, failures: details.failures, soak });
    return text === key ? rollout.gate_reason : text;
  }

  /** A reason of the server in the user's language; what a device reported itself is shown as it is. */
  private reason(code: string): string {
    const text = this.localize(`reason.${code}`);
    return text === `reason.${code}` ? code : text;
  }

  private reasons(rollout: Rollout): TemplateResult {
    return html`<ul class="reasons" aria-label=${this.localize("reasons")}>
      ${Object.entries(rollout.reasons).map(([code, count]) => html`<li><b>${count} ×</b> ${this.reason(code)}</li>`)}
    </ul>`;
  }

  private devices(rollout: Rollout): TemplateResult {
    const state = (device: RolloutDevice): string => {
      const text = this.localize(`device.${device.state ?? "waiting"}`);
      return this.hass && device.state === "downloading" && device.progress !== null ? `${text} ${formatPercent(device.progress, this.hass.locale)}` : text;
    };
    return html`<details class="devices">
      <summary>${this.localize("devices", { count: rollout.devices })}</summary>
      <ul>
        ${rollout.device_list.map(
          (device) =>
            html`<li class=${device.state ?? "waiting"}>
              <span class="name">${device.name}</span>
              <span>${state(device)}${device.reason ? html`: ${this.reason(device.reason)}` : nothing}</span>
            </li>`,
        )}
      </ul>
      ${rollout.devices > rollout.device_list.length && rollout.device_list.length >= 40
        ? html`<small>${this.localize("more")}</small>`
        : nothing}
    </details>`;
  }

  private operations(rollout: Rollout, may: boolean): TemplateResult | typeof nothing {
    const verbs = verbsOf(rollout);
    if (!verbs.length) return nothing;
    const button = (verb: Verb): TemplateResult => {
      const key = `${rollout.rollout}/${verb}`;
      const dangerous = verb === "abort" || verb === "rollback";
      // What cannot be undone needs a second press.
      const asks = dangerous && this.asked === key;
      const press = (): void => {
        if (dangerous && !asks) this.asked = key;
        else void this.send(verb, { rollout: rollout.rollout });
      };
      return html`<button class=${dangerous ? "danger" : verb === "resume" ? "primary" : ""} ?disabled=${!may || this.busy} @click=${press}>
        ${this.localize(asks ? "sure" : `verb.${verb}`, { verb: this.localize(`verb.${verb}`) })}
      </button>`;
    };
    return html`<div class="actions">${each(verbs, (verb) => verb, button)} ${may ? nothing : html`<small>${this.localize("admin_only")}</small>`}</div>`;
  }

  private releases(overview: Overview, may: boolean): TemplateResult {
    const running = new Set(
      (overview.rollouts ?? [])
        .filter(({ status }) => status !== "aborted" && status !== "rolled_back")
        .flatMap(({ product, versions }) => versions.map((version) => `${product}\n${version}`)),
    );
    const open = offers(overview.releases ?? []).filter(
      ({ product, version, devices }) => devices > 0 && !running.has(`${product}\n${version}`),
    );
    const pick = (event: Event): void => {
      const field = event.target as HTMLInputElement;
      if (field.files?.length) void this.upload(field.files);
      field.value = "";
    };
    return html`${each(
      open,
      ({ product, version }) => `${product}\n${version}`,
      ({ product, version, devices, chips }) =>
        html`<div class="release ${this.uploaded?.product === product && this.uploaded.version === version ? "new" : ""}">
          <span class="name">${product} ${version}<small>${chips.join(", ")} · ${this.localize("for_devices", { count: devices })}</small></span>
          <button class="primary" ?disabled=${!may || this.busy} @click=${() => this.start(product, version)}>
            ${this.localize("roll_out")}
          </button>
        </div>`,
    )}
    ${may
      ? html`<label class="drop"
          ><input type="file" multiple accept=".bin,.gz,.swu,.json,.sig" ?disabled=${this.busy} @change=${pick} /><span
            >${this.localize("drop")}</span
          ></label
        >`
      : nothing}`;
  }
}

/** Whether an entity belongs to firmware updates. */
export const isOtaEntity = (hass: HomeAssistant, entityId: string): boolean => hass.entities[entityId]?.platform === "ota";
