/** The heating schedule of a building: seven rows of blocks, edited as a draft and saved with its revision. */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { SuiteCard } from "../../lib/card.js";
import { COMMON } from "../../lib/common.js";
import { formatNumber, fromUserTemperature, is12Hour, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import { localizer, withCommon } from "../../lib/localize.js";
import { Subscription } from "../../lib/subscription.js";
import {
  isWebSocketError,
  type CardConfig,
  type ConfigForm,
  type GridOptions,
  type HomeAssistant,
} from "../../lib/types.js";
import { pageLanguage } from "../../lib/localize.js";
import de from "../../localize/iot_heating/de.json";
import en from "../../localize/iot_heating/en.json";
import fi from "../../localize/iot_heating/fi.json";
import ru from "../../localize/iot_heating/ru.json";
import { styles } from "./styles.js";
import {
  addBlock,
  changeBlock,
  copyDay,
  DAY,
  dayOrder,
  edgeLimits,
  largestGap,
  moveEdge,
  parseTime,
  placeOf,
  removeBlock,
  sameWeek,
  STEP,
  strength,
  timeField,
  type Block,
  type Mode,
  type Week,
} from "./week.js";

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
  revision?: number;
  week?: Week;
  mode?: Mode;
  enabled?: boolean;
  time_zone?: string;
}

const MODES: Mode[] = ["auto", "eco", "manual"];

export class WeekScheduleCard extends SuiteCard<Config> {
  static override styles = styles;
  static override properties = {
    ...LitElement.properties,
    ...SuiteCard.properties,
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
  private base = 0;
  private clock: ReturnType<typeof setInterval> | undefined;

  private readonly source = new Subscription<State>(
    this,
    () => (this.config ? { type: "iot_heating/schedule/subscribe", entity_id: this.config.entity } : undefined),
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
          selector: { entity: { filter: [{ integration: "iot_heating", domain: "calendar" }] } },
        },
        { name: "title", selector: { text: {} } },
        { name: "read_only", selector: { boolean: {} } },
      ],
      computeLabel: (field) => localize(`form.${field.name}`),
    };
  }

  static getStubConfig(hass: HomeAssistant): Omit<Config, "type"> {
    return { entity: Object.keys(hass.entities).find((id) => isSchedule(hass, id)) ?? "" };
  }

  protected readConfig(config: CardConfig): Config {
    if (typeof config.entity !== "string" || !config.entity.startsWith("calendar.")) {
      throw new Error(this.localize("invalid_entity"));
    }
    return config as Config;
  }

  getCardSize(): number {
    return 7;
  }

  getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6, rows: "auto" };
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

  private async save(revision: number): Promise<void> {
    const { hass, state, draft } = this;
    if (!hass || !state || !draft || this.saving) return;
    this.saving = true;
    try {
      await hass.callWS({ type: "iot_heating/schedule/set", entry_id: state.entry_id, revision, week: draft });
      // The subscription delivers the saved week.
      this.base = revision + 1;
      this.draft = undefined;
      this.status = this.localize("common.saved");
    } catch (error) {
      if (isWebSocketError(error) && error.code === "conflict") this.base = -1;
      else this.status = this.localize("failed", { error: isWebSocketError(error) ? error.message : String(error) });
    } finally {
      this.saving = false;
    }
  }

  // Texts

  private time(minute: number): string {
    const hass = this.hass;
    if (!hass || !is12Hour(hass.locale)) return minute === DAY ? "24:00" : timeField(minute);
    return new Intl.DateTimeFormat(hass.locale.language, {
      hour: "numeric",
      minute: "2-digit",
      hour12: true,
      timeZone: "UTC",
    }).format(new Date((minute % DAY) * 60_000));
  }

  private dayName(day: number, style: "short" | "long"): string {
    // 1 January 2024 was a Monday.
    return new Intl.DateTimeFormat(this.hass?.locale.language, { weekday: style, timeZone: "UTC" }).format(
      Date.UTC(2024, 0, 1 + day),
    );
  }

  private target(block: Block, unit = true): string {
    if (block.target_c === null || !this.hass) return "";
    const value = formatNumber(toUserTemperature(this.hass, block.target_c), this.hass.locale, 1, 0);
    return unit ? `${value} ${isFahrenheit(this.hass) ? "°F" : "°C"}` : `${value}°`;
  }

  private describe(day: number, block: Block): string {
    const parts = [`${this.dayName(day, "long")} ${this.time(block.start)}–${this.time(block.end)}`];
    if (block.target_c !== null) parts.push(this.target(block));
    return [...parts, this.localize(`mode.${block.mode}`)].join(", ");
  }

  // Pointer and keyboard

  private minuteAt(event: PointerEvent | MouseEvent, bar: Element): number {
    const box = bar.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return (getComputedStyle(bar).direction === "rtl" ? 1 - share : share) * DAY;
  }

  private add(day: number, minute: number): void {
    const like = this.week[day]?.[0] ?? this.week.flat()[0] ?? { target_c: 21, mode: "auto" as Mode };
    const added = addBlock(this.week, day, minute, like);
    if (!added) return;
    this.edit(added.week);
    this.selected = { day, index: added.index };
  }

  private tapBar(event: MouseEvent, day: number): void {
    if (!this.editable || event.target !== event.currentTarget) return;
    this.add(day, this.minuteAt(event, event.currentTarget as Element));
  }

  private addToDay(day: number): void {
    const gap = largestGap(this.week[day] ?? []);
    if (gap) this.add(day, (gap.start + gap.end) / 2);
  }

  private dragEdge(event: PointerEvent, edge: "start" | "end"): void {
    const handle = event.currentTarget as HTMLElement;
    const bar = handle.closest(".bar");
    if (!bar || !this.selected) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const { day, index } = this.selected;
    const move = (at: PointerEvent): void => this.edit(moveEdge(this.week, day, index, edge, this.minuteAt(at, bar)));
    const end = (): void => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
    handle.focus();
  }

  private keyEdge(event: KeyboardEvent, edge: "start" | "end"): void {
    if (!this.selected) return;
    const { day, index } = this.selected;
    const block = this.week[day]?.[index];
    if (!block) return;
    const limits = edgeLimits(this.week[day] ?? [], index, edge);
    const to: Record<string, number> = {
      ArrowLeft: block[edge] - STEP,
      ArrowDown: block[edge] - STEP,
      ArrowRight: block[edge] + STEP,
      ArrowUp: block[edge] + STEP,
      PageDown: block[edge] - 60,
      PageUp: block[edge] + 60,
      Home: limits.min,
      End: limits.max,
    };
    const minute = to[event.key];
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
    const { source, state } = this;
    if (source.state.kind === "loading") return html`<p class="note">${this.localize("common.loading")}</p>`;
    if (source.state.kind === "error") {
      const text = source.state.code === "not_found" ? this.localize("not_found") : source.state.message;
      return html`<p class="note error">${text} ${this.localize("common.retrying")}</p>`;
    }
    if (!state?.available) return html`<p class="note">${this.localize("common.not_available")}</p>`;
    const now = placeOf(this.now, state.time_zone ?? "UTC");
    const isEmpty = this.week.every((blocks) => !blocks.length);
    return html`${this.axis()}
      <div class="rows" role="group" aria-label=${this.localize("card.name")}>
        ${dayOrder(this.hass?.locale.first_weekday, this.hass?.locale.language ?? "en").map((day) => this.row(day, now))}
      </div>
      ${isEmpty ? html`<p class="note">${this.localize(this.editable ? "empty" : "empty_read_only")}</p>` : nothing}
      ${this.selected ? this.form(this.selected.day, this.selected.index) : nothing}
      ${this.draft ? this.footer() : nothing}`;
  }

  private axis(): TemplateResult {
    const label = (hour: number): string =>
      this.hass && is12Hour(this.hass.locale)
        ? new Intl.DateTimeFormat(this.hass.locale.language, { hour: "numeric", hour12: true, timeZone: "UTC" }).format(
            new Date((hour % 24) * 3_600_000),
          )
        : String(hour);
    return html`<div class="axis" aria-hidden="true">
      ${[0, 3, 6, 9, 12, 15, 18, 21, 24].map(
        (hour) => html`<span class=${hour % 6 ? "minor" : ""} style="inset-inline-start:${(hour / 24) * 100}%"
          >${label(hour)}</span
        >`,
      )}
    </div>`;
  }

  private row(day: number, now: { day: number; minute: number }): TemplateResult {
    const blocks = this.week[day] ?? [];
    const today = now.day === day;
    return html`<div class="row">
      <span class="day ${today ? "today" : ""}" title=${this.dayName(day, "long")}>${this.dayName(day, "short")}</span>
      <div class="bar ${this.editable ? "editable" : ""}" @click=${(event: MouseEvent) => this.tapBar(event, day)}>
        ${blocks.map((block, index) => this.block(day, index, block))}
        ${today ? html`<i class="now" style="inset-inline-start:${(now.minute / DAY) * 100}%"></i>` : nothing}
      </div>
      ${this.editable
        ? html`<button
            class="add"
            data-add=${day}
            aria-label=${this.localize("add", { day: this.dayName(day, "long") })}
            ?disabled=${!largestGap(blocks)}
            @click=${() => this.addToDay(day)}
          >
            +
          </button>`
        : nothing}
    </div>`;
  }

  private block(day: number, index: number, block: Block): TemplateResult {
    const selected = this.selected?.day === day && this.selected.index === index;
    const style = `inset-inline-start:${(block.start / DAY) * 100}%;inline-size:${((block.end - block.start) / DAY) * 100}%;--share:${strength(this.week, block.target_c)}%`;
    const text = html`<span class="target" aria-hidden="true">${this.target(block, false)}</span>
      ${block.mode === "auto" ? nothing : html`<span class="mode" aria-hidden="true">${this.localize(`mode.${block.mode}`)}</span>`}`;
    if (!this.editable) {
      return html`<div class="block ${block.mode}" style=${style} role="img" aria-label=${this.describe(day, block)}>
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
        <span class="sr">${this.describe(day, block)}</span>${text}
      </button>
      ${selected ? (["start", "end"] as const).map((edge) => this.handle(day, index, block, edge)) : nothing}
    </div>`;
  }

  private handle(day: number, index: number, block: Block, edge: "start" | "end"): TemplateResult {
    const { min, max } = edgeLimits(this.week[day] ?? [], index, edge);
    return html`<div
      class="handle ${edge}"
      role="slider"
      tabindex="0"
      aria-label=${this.localize(`form.${edge}`)}
      aria-valuemin=${min}
      aria-valuemax=${max}
      aria-valuenow=${block[edge]}
      aria-valuetext=${this.time(block[edge])}
      @pointerdown=${(event: PointerEvent) => this.dragEdge(event, edge)}
      @keydown=${(event: KeyboardEvent) => this.keyEdge(event, edge)}
    ></div>`;
  }

  private form(day: number, index: number): TemplateResult {
    const block = this.week[day]?.[index];
    const { hass } = this;
    if (!block || !hass) return html``;
    const change = (part: Partial<Block>): void => this.edit(changeBlock(this.week, day, index, part));
    const setTime = (edge: "start" | "end", text: string): void => {
      const minute = parseTime(text, edge);
      if (minute !== undefined) this.edit(moveEdge(this.week, day, index, edge, minute));
      this.requestUpdate();
    };
    const setTarget = (text: string): void => {
      const value = Number(text);
      if (text === "") change({ target_c: null });
      else if (Number.isFinite(value)) {
        const celsius = Math.round(fromUserTemperature(hass, value) * 100) / 100;
        change({ target_c: Math.min(Math.max(celsius, 0), 100) });
      }
    };
    const target = block.target_c === null ? "" : String(Math.round(toUserTemperature(hass, block.target_c) * 10) / 10);
    const input = (event: Event): string => (event.target as HTMLInputElement).value;
    return html`<fieldset class="form">
      <legend>${this.dayName(day, "long")}</legend>
      ${(["start", "end"] as const).map(
        (edge) =>
          html`<label
            >${this.localize(`form.${edge}`)}<input
              type="time"
              step="900"
              name=${edge}
              .value=${timeField(block[edge])}
              @change=${(event: Event) => setTime(edge, input(event))}
          /></label>`,
      )}
      <label
        >${this.localize("form.target", { unit: isFahrenheit(hass) ? "°F" : "°C" })}<input
          type="number"
          name="target"
          step="0.5"
          inputmode="decimal"
          .value=${target}
          @change=${(event: Event) => setTarget(input(event))}
      /></label>
      <label
        >${this.localize("form.mode")}<select
          name="mode"
          @change=${(event: Event) => change({ mode: input(event) as Mode })}
        >
          ${MODES.map(
            (mode) => html`<option value=${mode} ?selected=${mode === block.mode}>${this.localize(`mode.${mode}`)}</option>`,
          )}
        </select></label
      >
      <div class="actions">
        ${this.copyButton("copy_weekdays", day, [0, 1, 2, 3, 4])} ${this.copyButton("copy_weekend", day, [5, 6])}
        ${this.copyButton("copy_all", day, [0, 1, 2, 3, 4, 5, 6])} ${this.copyMenu(day)}
        <button class="danger" @click=${() => this.removeAt(day, index)}>${this.localize("delete")}</button>
      </div>
    </fieldset>`;
  }

  private copyButton(key: string, from: number, to: number[]): TemplateResult {
    return html`<button data-copy=${key} @click=${() => this.edit(copyDay(this.week, from, to))}>${this.localize(key)}</button>`;
  }

  private copyMenu(from: number): TemplateResult {
    const copy = (event: Event): void => {
      const menu = event.target as HTMLSelectElement;
      if (menu.value) this.edit(copyDay(this.week, from, [Number(menu.value)]));
      menu.value = "";
    };
    return html`<select name="copy" aria-label=${this.localize("copy_to")} @change=${copy}>
      <option value="">${this.localize("copy_to")}</option>
      ${[0, 1, 2, 3, 4, 5, 6]
        .filter((day) => day !== from)
        .map((day) => html`<option value=${day}>${this.dayName(day, "long")}</option>`)}
    </select>`;
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

/** Whether an entity is the schedule of a building. */
export const isSchedule = (hass: HomeAssistant, entityId: string): boolean =>
  entityId.startsWith("calendar.") && hass.entities[entityId]?.platform === "iot_heating";

