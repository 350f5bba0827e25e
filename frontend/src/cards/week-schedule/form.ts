/** The fields of the selected block, and what copies its day. */

import { html, nothing, type TemplateResult } from "lit";
import { fromUserTemperature, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import type { Localize } from "../../lib/localize.js";
import type { HomeAssistant } from "../../lib/types.js";
import type { Edge } from "./edges.js";
import { dayName } from "./labels.js";
import { changeBlock, copyDay, moveEdge, parseTime, timeField, type Block, type Mode, type Week } from "./week.js";

const MODES: Mode[] = ["auto", "eco", "manual"];
const WEEK = [0, 1, 2, 3, 4, 5, 6];

export interface FormHost {
  hass: HomeAssistant;
  localize: Localize;
  /** The week as it is when a field changes: several may before the card is drawn again. */
  week: () => Week;
  /** Whether blocks have no target and mode of their own. */
  plain: boolean;
  edit: (week: Week) => void;
  remove: (day: number, index: number) => void;
}

const input = (event: Event): string => (event.target as HTMLInputElement).value;

export const blockForm = (host: FormHost, day: number, index: number): TemplateResult => {
  const { hass, localize, week, edit } = host;
  const block = week()[day]?.[index];
  if (!block) return html``;
  const setTime = (edge: Edge, field: HTMLInputElement): void => {
    const minute = parseTime(field.value, edge);
    const moved = minute === undefined ? week() : moveEdge(week(), day, index, edge, minute);
    edit(moved);
    // The neighbors may have stopped it.
    field.value = timeField(moved[day]?.[index]?.[edge] ?? block[edge]);
  };
  return html`<fieldset class="form">
    <legend>${dayName(hass, day, "long")}</legend>
    ${(["start", "end"] as const).map(
      (edge) =>
        html`<label
          >${localize(`form.${edge}`)}<input
            type="time"
            step="900"
            name=${edge}
            .value=${timeField(block[edge])}
            @change=${(event: Event) => setTime(edge, event.target as HTMLInputElement)}
        /></label>`,
    )}
    ${host.plain ? nothing : targetFields(host, day, index, block)}
    <div class="actions">
      ${copyButton(host, "copy_weekdays", day, [0, 1, 2, 3, 4])} ${copyButton(host, "copy_weekend", day, [5, 6])}
      ${copyButton(host, "copy_all", day, WEEK)} ${copyMenu(host, day)}
      <button class="danger" @click=${() => host.remove(day, index)}>${localize("delete")}</button>
    </div>
  </fieldset>`;
};

const targetFields = ({ hass, localize, week, edit }: FormHost, day: number, index: number, block: Block): TemplateResult => {
  const change = (part: Partial<Block>): void => edit(changeBlock(week(), day, index, part));
  const setTarget = (text: string): void => {
    const value = Number(text);
    if (text === "") change({ target_c: null });
    else if (Number.isFinite(value)) {
      const celsius = Math.round(fromUserTemperature(hass, value) * 100) / 100;
      change({ target_c: Math.min(Math.max(celsius, 0), 100) });
    }
  };
  const target = block.target_c === null ? "" : String(Math.round(toUserTemperature(hass, block.target_c) * 10) / 10);
  return html`<label
      >${localize("form.target", { unit: isFahrenheit(hass) ? "°F" : "°C" })}<input
        type="number"
        name="target"
        step="0.5"
        inputmode="decimal"
        .value=${target}
        @change=${(event: Event) => setTarget(input(event))}
    /></label>
    <label
      >${localize("form.mode")}<select name="mode" @change=${(event: Event) => change({ mode: input(event) as Mode })}>
        ${MODES.map((mode) => html`<option value=${mode} ?selected=${mode === block.mode}>${localize(`mode.${mode}`)}</option>`)}
      </select></label
    >`;
};

const copyButton = ({ localize, week, edit }: FormHost, key: string, from: number, to: number[]): TemplateResult =>
  html`<button data-copy=${key} @click=${() => edit(copyDay(week(), from, to))}>${localize(key)}</button>`;

const copyMenu = ({ hass, localize, week, edit }: FormHost, from: number): TemplateResult => {
  const copy = (event: Event): void => {
    const menu = event.target as HTMLSelectElement;
    if (menu.value) edit(copyDay(week(), from, [Number(menu.value)]));
    menu.value = "";
  };
  return html`<select name="copy" aria-label=${localize("copy_to")} @change=${copy}>
    <option value="">${localize("copy_to")}</option>
    ${WEEK.filter((day) => day !== from).map((day) => html`<option value=${day}>${dayName(hass, day, "long")}</option>`)}
  </select>`;
};
