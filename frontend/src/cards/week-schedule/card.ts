/** The heating schedule of a building: seven rows of blocks, edited as a draft and saved with its revision. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { COMMON } from "../../lib/common.js";
import { localizer, withCommon } from "../../lib/localize.js";
import { stateNote } from "../../lib/state-message.js";
import { panelStyles } from "../../lib/styles.js";
import { Subscription } from "../../lib/subscription.js";
import {
  errorText,
  isWebSocketError,
  type CardConfig,
  type ConfigForm,
  type HomeAssistant,
} from "../../lib/types.js";
import { pageLanguage } from "../../lib/localize.js";
import de from "../../localize/week_schedule/de.json";
import en from "../../localize/week_schedule/en.json";
import fi from "../../localize/week_schedule/fi.json";
import ru from "../../localize/week_schedule/ru.json";
import { axis } from "./axis.js";
import { styles } from "./styles.js";
import { follow, minuteAfterKey, minuteAt, type Edge } from "./edges.js";
import { blockForm } from "./form.js";
import { dayName, describe, targetLabel, timeLabel } from "./labels.js";
import { addBlock, DAY, dayOrder, edgeLimits, largestGap, moveEdge, placeOf, removeBlock, sameWeek, strength, type Block, type Mode, type Week } from "./week.js";

export const TEXTS = withCommon({ en, de, fi, ru }, COMMON);

interface Config extends CardConfig {
  entity: string;
  title?: string;
  read_only?: boolean;
}

interface State {
  entry_id: string;
  name: string;
  available: boolean;
  can_control?: boolean;
  revision?: number | string;
  week?: Week;
  mode?: Mode;
  enabled?: boolean;
  time_zone?: string;
  /** Blocks have no target of their own: they are times of this temperature. */
  comfort_c?: number;
  /** What a room without a week of its own follows; null: it is always at comfort. */
  follows?: string | null;
}

export class WeekScheduleCard extends SuiteCard<Config> {
  /** The integration, and the domain of the entity that names a schedule of it. */
  static platform = "iot_heating";
  static entityDomain = "calendar";
  static override styles = [panelStyles, styles];
  static override properties = {
    draft: { state: true },
    selected: { state: true },
    status: { state: true },
    saving: { state: true },
    now: { state: true },
  };

  protected readonly texts = TEXTS;
  declare draft: Week | undefined;
  declare selected: { day: number; index: number } | undefined;
  declare status: string;
  declare saving: boolean;
  declare now: Date;
  /** Revision that the draft is based on. */
  base: number | string = 0;
  private clock: ReturnType<typeof setInterval> | undefined;

  private readonly source = new Subscription<State>(
    this,
    () => (this.config ? { type: `${this.kind.platform}/schedule/subscribe`, entity_id: this.config.entity } : undefined),
    (data) => this.received(data),
  );

  constructor() {
    super();
    this.status = "";
    this.saving = false;
    this.now = new Date();
  }

  static getConfigForm(): ConfigForm {
    const localize = localizer(TEXTS, pageLanguage());
    return {
      schema: [
        {
          name: "entity",
          required: true,
          selector: { entity: { filter: [{ integration: this.platform, domain: this.entityDomain }] } },
        },
        { name: "title", selector: { text: {} } },
        { name: "read_only", selector: { boolean: {} } },
      ],
      computeLabel: (field) => localize(`form.${field.name}`),
    };
  }

  static getStubConfig(hass: HomeAssistant): Omit<Config, "type"> {
    return { entity: Object.keys(hass.entities).find((id) => this.isSchedule(hass, id)) ?? "" };
  }

  /** Whether an entity names a schedule. */
  static isSchedule(hass: HomeAssistant, entityId: string): boolean {
    return entityId.startsWith(`${this.entityDomain}.`) && hass.entities[entityId]?.platform === this.platform;
  }

  private get kind(): typeof WeekScheduleCard {
    return this.constructor as typeof WeekScheduleCard;
  }

  protected readConfig(config: CardConfig): Config {
    if (typeof config.entity !== "string" || !config.entity.startsWith(`${this.kind.entityDomain}.`)) {
      throw new Error(this.localize("invalid_entity"));
    }
    return config as Config;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.now = new Date();
    this.clock = setInterval(() => {
      this.now = new Date();
    }, 30_000);
  }

  override disconnectedCallback(): void {
    clearInterval(this.clock);
    super.disconnectedCallback();
  }

  protected override adopt(old: WeekScheduleCard): void {
    if (this.draft || !old.draft) return;
    this.draft = old.draft;
    this.base = old.base;
    this.selected = old.selected;
  }

  private received(data: State): void {
    if (!this.draft || !data.week) return;
    if (sameWeek(this.draft, data.week)) this.discard();
  }

  // Draft

  private get state(): State | undefined {
    return this.source.data;
  }

  private get week(): Week {
    return this.draft ?? this.state?.week ?? [];
  }

  private get editable(): boolean {
    return !this.config?.read_only && this.state?.available === true && this.state.can_control === true;
  }

  private get isConflict(): boolean {
    return this.draft !== undefined && this.state?.revision !== undefined && this.state.revision !== this.base;
  }

  private edit(week: Week): void {
    if (!this.editable || !this.state) return;
    if (!this.draft) this.base = this.state.revision ?? 0;
    this.draft = sameWeek(week, this.state.week ?? []) && !this.isConflict ? undefined : week;
    this.status = "";
  }

  private discard(): void {
    this.draft = undefined;
    this.selected = undefined;
  }

  private async save(revision: number | string): Promise<void> {
    const { hass, state, draft } = this;
    if (!hass || !state || !draft || this.saving) return;
    this.saving = true;
    try {
      const saved = await hass.callWS<{ revision: number | string }>({
        type: `${this.kind.platform}/schedule/set`,
        ...(state.comfort_c === undefined ? { entry_id: state.entry_id } : { entity_id: this.config?.entity }),
        revision,
        week: draft,
      });
      // The subscription delivers the saved week.
      this.base = saved.revision;
      this.draft = undefined;
      this.status = this.localize("common.saved");
    } catch (error) {
      if (isWebSocketError(error) && error.code === "conflict") this.base = -1;
      else this.status = this.localize("failed", { error: errorText(error) });
    } finally {
      this.saving = false;
    }
  }

  // Pointer and keyboard

  private add(day: number, minute: number): void {
    const like = this.week[day]?.[0] ?? this.week.flat()[0] ?? { target_c: this.state?.comfort_c ?? 21, mode: "auto" as Mode };
    const added = addBlock(this.week, day, minute, like);
    if (!added) return;
    this.edit(added.week);
    this.selected = { day, index: added.index };
  }

  private tapBar(event: MouseEvent, day: number): void {
    if (!this.editable || event.target !== event.currentTarget) return;
    this.add(day, minuteAt(event, event.currentTarget as Element));
  }

  private addToDay(day: number): void {
    const gap = largestGap(this.week[day] ?? []);
    if (gap) this.add(day, (gap.start + gap.end) / 2);
  }

  private dragEdge(event: PointerEvent, edge: Edge): void {
    const { selected } = this;
    if (!selected) return;
    follow(event, (minute) => this.edit(moveEdge(this.week, selected.day, selected.index, edge, minute)));
  }

  private keyEdge(event: KeyboardEvent, edge: Edge): void {
    if (!this.selected) return;
    const { day, index } = this.selected;
    const minute = minuteAfterKey(event.key, this.week[day] ?? [], index, edge);
    if (minute === undefined) return this.keyBlock(event, day, index);
    event.preventDefault();
    this.edit(moveEdge(this.week, day, index, edge, minute));
  }

  private keyBlock(event: KeyboardEvent, day: number, index: number): void {
    if (!this.editable) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.removeAt(day, index);
    } else if (event.key === "Escape") {
      this.selected = undefined;
    }
  }

  private removeAt(day: number, index: number): void {
    this.edit(removeBlock(this.week, day, index));
    this.selected = undefined;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`[data-add="${day}"]`)?.focus());
  }

  private select(day: number, index: number): void {
    const same = this.selected?.day === day && this.selected.index === index;
    this.selected = this.editable && !same ? { day, index } : undefined;
  }

  // Rendering

  protected override willUpdate(_changed: PropertyValues): void {
    if (this.selected && !this.week[this.selected.day]?.[this.selected.index]) this.selected = undefined;
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.config) return nothing;
    const { state } = this;
    return html`<ha-card>
      <div class="head">
        <h2>${this.config.title ?? state?.name ?? this.localize("card.name")}</h2>
        ${this.draft ? html`<span class="chip">${this.localize("common.unsaved")}</span>` : nothing}
        ${state?.enabled === false ? html`<span class="chip">${this.localize("heating_off")}</span>` : nothing}
        ${state?.mode && state.mode !== "auto" && state.enabled
          ? html`<span class="chip">${this.localize("overridden", { mode: this.localize(`mode.${state.mode}`) })}</span>`
          : nothing}
      </div>
      ${this.body()}
      <div class="live" role="status" aria-live="polite">${this.status}</div>
    </ha-card>`;
  }

  private body(): TemplateResult {
    const { source, state, hass } = this;
    const note = stateNote(source.state, this.localize, this.localize("not_found"));
    if (note || !hass || !state) return note ?? html``;
    const now = placeOf(this.now, state.time_zone ?? "UTC");
    const isEmpty = this.week.every((blocks) => !blocks.length);
    return html`${axis(hass)}
      <div class="rows" role="group" aria-label=${this.localize("card.name")}>
        ${dayOrder(hass.locale.first_weekday, hass.locale.language).map((day) => this.row(day, now, hass))}
      </div>
      ${isEmpty ? html`<p class="note">${this.emptyText(state)}</p>` : nothing}
      ${this.selected ? this.form(this.selected, hass) : nothing}
      ${this.draft ? this.footer() : nothing}`;
  }

  private row(day: number, now: { day: number; minute: number }, hass: HomeAssistant): TemplateResult {
    const blocks = this.week[day] ?? [];
    const today = now.day === day;
    return html`<div class="row">
      <span class="day ${today ? "today" : ""}" title=${dayName(hass, day, "long")}>${dayName(hass, day, "short")}</span>
      <div class="bar ${this.editable ? "editable" : ""}" @click=${(event: MouseEvent) => this.tapBar(event, day)}>
        ${blocks.map((block, index) => this.block(day, index, block, hass))}
        ${today ? html`<i class="now" style="inset-inline-start:${(now.minute / DAY) * 100}%"></i>` : nothing}
      </div>
      ${this.editable
        ? html`<button
            class="add"
            data-add=${day}
            aria-label=${this.localize("add", { day: dayName(hass, day, "long") })}
            ?disabled=${!largestGap(blocks)}
            @click=${() => this.addToDay(day)}
          >
            +
          </button>`
        : nothing}
    </div>`;
  }

  private block(day: number, index: number, block: Block, hass: HomeAssistant): TemplateResult {
    const words = describe(hass, this.state?.comfort_c === undefined ? this.localize : undefined, day, block);
    const selected = this.selected?.day === day && this.selected.index === index;
    const style = `inset-inline-start:${(block.start / DAY) * 100}%;inline-size:${((block.end - block.start) / DAY) * 100}%;--share:${strength(this.week, block.target_c)}%`;
    const text = html`<span class="target" aria-hidden="true">${targetLabel(hass, block, false)}</span>
      ${block.mode === "auto" ? nothing : html`<span class="mode" aria-hidden="true">${this.localize(`mode.${block.mode}`)}</span>`}`;
    if (!this.editable) {
      return html`<div class="block ${block.mode}" style=${style} role="img" aria-label=${words}>
        ${text}
      </div>`;
    }
    return html`<div class="block ${block.mode} ${selected ? "selected" : ""}" style=${style}>
      <button
        class="face"
        aria-pressed=${selected}
        @click=${() => this.select(day, index)}
        @keydown=${(event: KeyboardEvent) => this.keyBlock(event, day, index)}
      >
        <span class="sr">${words}</span>${text}
      </button>
      ${selected ? (["start", "end"] as const).map((edge) => this.handle(day, index, block, edge, hass)) : nothing}
    </div>`;
  }

  private handle(day: number, index: number, block: Block, edge: Edge, hass: HomeAssistant): TemplateResult {
    const { min, max } = edgeLimits(this.week[day] ?? [], index, edge);
    return html`<div
      class="handle ${edge}"
      role="slider"
      tabindex="0"
      aria-label=${this.localize(`form.${edge}`)}
      aria-valuemin=${min}
      aria-valuemax=${max}
      aria-valuenow=${block[edge]}
      aria-valuetext=${timeLabel(hass, block[edge])}
      @pointerdown=${(event: PointerEvent) => this.dragEdge(event, edge)}
      @keydown=${(event: KeyboardEvent) => this.keyEdge(event, edge)}
    ></div>`;
  }

  private emptyText({ comfort_c, follows }: State): string {
    if (comfort_c === undefined || this.draft) return this.localize(this.editable ? "empty" : "empty_read_only");
    return follows ? this.localize("follows", { name: follows }) : this.localize("always");
  }

  private form({ day, index }: { day: number; index: number }, hass: HomeAssistant): TemplateResult {
    return blockForm(
      {
        hass,
        localize: this.localize,
        week: () => this.week,
        plain: this.state?.comfort_c !== undefined,
        edit: (changed) => this.edit(changed),
        remove: (at, number) => this.removeAt(at, number),
      },
      day,
      index,
    );
  }

  private footer(): TemplateResult {
    if (this.isConflict) {
      return html`<div class="footer conflict" role="alert">
        <p>${this.localize("common.conflict")}</p>
        <button class="primary" @click=${() => this.discard()}>${this.localize("common.load_changes")}</button>
        <button @click=${() => this.save(this.state?.revision ?? 0)}>${this.localize("overwrite")}</button>
      </div>`;
    }
    return html`<div class="footer">
      <button ?disabled=${this.saving} @click=${() => this.discard()}>${this.localize("common.undo")}</button>
      <button class="primary" ?disabled=${this.saving} @click=${() => this.save(this.base)}>
        ${this.localize(this.saving ? "common.saving" : "common.save")}
      </button>
    </div>`;
  }
}
