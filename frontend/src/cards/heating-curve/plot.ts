/** The plot of a heating curve with handles: the left one tilts it, the right one shifts it, the upper one limits it. */

import { css, html, LitElement, nothing, svg, type PropertyDeclarations, type SVGTemplateResult, type TemplateResult } from "lit";
import { flowAt, levelThrough, settable, slopeThrough } from "../../lib/curve.js";
import { formatNumber, formatTemperature, fromUserTemperature, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import type { Localize } from "../../lib/localize.js";
import { Width } from "../../lib/resize.js";
import { clamp, isNumber, linear, path, ticks, type Point, type Scale } from "../../lib/scale.js";
import { cardStyles } from "../../lib/styles.js";
import type { HomeAssistant } from "../../lib/types.js";
import { STEP, type CurveData, type CurveValues, type Field } from "./const.js";

const COLD = -20;
const WARM = 20;
/** Where the handles of slope and level are: outdoor temperatures in °C. */
const SLOPE_AT = -12;
const LEVEL_AT = 12;
const LEFT = 34;
const BOTTOM = 36;
const TOP = 26;
const RIGHT = 10;

export class CurvePlot extends LitElement {
  static override properties: PropertyDeclarations = {
    hass: { attribute: false },
    data: { attribute: false },
    values: { attribute: false },
    changed: { type: Boolean },
    locked: { type: Boolean },
    localize: { attribute: false },
    dragged: { state: true },
  };

  declare hass: HomeAssistant;
  declare data: CurveData;
  /** The values that are shown: the draft, or those of the integration. */
  declare values: CurveValues;
  declare changed: boolean;
  declare locked: boolean;
  declare localize: Localize;
  declare dragged: Field | undefined;
  /** Where the handle of the slope was when it was gripped: it stays there while it is dragged. */
  private grippedAt: number | undefined;
  /** The end of the axis while a handle is dragged: a growing axis would move the handle away from the pointer. */
  private grippedTop: number | undefined;
  private readonly width = new Width(this);

  static override styles = [
    cardStyles,
    css`
      :host {
        height: auto;
      }
      .handle {
        cursor: ns-resize;
        touch-action: none;
        outline: none;
      }
      .handle .hit {
        fill: transparent;
      }
      .handle .knob {
        fill: var(--card-background-color);
        stroke: var(--heat);
        stroke-width: 3;
      }
      .handle:hover .knob,
      .handle.dragged .knob {
        fill: var(--heat);
      }
      .handle:focus-visible .ring {
        stroke: var(--primary-color);
      }
      .ring {
        fill: none;
        stroke: transparent;
        stroke-width: 2;
      }
      .grid {
        stroke: var(--line);
      }
      svg text.present {
        fill: var(--primary-text-color);
        font-weight: 500;
        stroke: var(--card-background-color);
        stroke-width: 4px;
        paint-order: stroke;
      }
      svg text.axis {
        font-size: 12px;
      }
    `,
  ];

  /** The highest flow temperature of the axis: round, and above everything that is drawn. */
  private get top(): number {
    if (this.grippedTop !== undefined) return this.grippedTop;
    const { data, values } = this;
    const flows = [values.max_flow_c, data.max_flow_c, ...data.measured.map(([, flow]) => flow)];
    return Math.ceil((Math.max(45, ...flows) + 3) / 5) * 5;
  }

  private scales(): { x: Scale; y: Scale; width: number; height: number } {
    const width = this.width.inside(0);
    const height = Math.round(clamp(width * 0.62, 200, 320));
    return { x: linear(COLD, WARM, LEFT, width - RIGHT), y: linear(15, this.top, height - BOTTOM, TOP), width, height };
  }

  private emit(field: Field, value: number): void {
    const next = settable(value, STEP[field], this.data.ranges[field]);
    if (next !== this.values[field]) this.dispatchEvent(new CustomEvent("value", { detail: { field, value: next } }));
  }

  /** The value of a handle at a flow temperature. */
  private valueAt(field: Field, flow: number): number {
    const { values, data } = this;
    if (field === "slope") return slopeThrough(flow, this.slopeAt, values.level, data.room_c);
    if (field === "level") return levelThrough(flow, LEVEL_AT, values.slope, data.room_c);
    return flow;
  }

  /** The coldest place where the curve is below its limit, so that dragging has an effect in both directions. */
  private get slopeAt(): number {
    if (this.grippedAt !== undefined) return this.grippedAt;
    const { values, data } = this;
    for (let outdoor = SLOPE_AT; outdoor < 4; outdoor += 1)
      if (flowAt(outdoor, values.slope, values.level, data.room_c) < values.max_flow_c - 0.5) return outdoor;
    return 4;
  }

  private flowOf(field: Field): number {
    const { values, data } = this;
    return field === "max_flow_c" ? values.max_flow_c : flowAt(field === "slope" ? this.slopeAt : LEVEL_AT, values.slope, values.level, data.room_c, values.max_flow_c);
  }

  private onDown = (event: PointerEvent, field: Field): void => {
    if (this.locked || event.button > 0) return;
    (event.currentTarget as Element).setPointerCapture?.(event.pointerId);
    this.grippedAt = this.slopeAt;
    this.grippedTop = this.top;
    this.dragged = field;
  };

  private onMove = (event: PointerEvent): void => {
    if (!this.dragged) return;
    const plot = this.shadowRoot?.querySelector("svg")?.getBoundingClientRect();
    if (!plot) return;
    const { height } = this.scales();
    const flow = linear(height - BOTTOM, TOP, 15, this.top)(event.clientY - plot.top);
    this.emit(this.dragged, this.valueAt(this.dragged, Math.min(flow, this.top)));
  };

  private onUp = (): void => {
    this.dragged = undefined;
    this.grippedAt = this.grippedTop = undefined;
  };

  private onKey = (event: KeyboardEvent, field: Field): void => {
    const [low, high] = this.data.ranges[field];
    const step = STEP[field];
    const value = this.values[field];
    const target = {
      ArrowUp: value + step,
      ArrowRight: value + step,
      ArrowDown: value - step,
      ArrowLeft: value - step,
      PageUp: value + 5 * step,
      PageDown: value - 5 * step,
      Home: low,
      End: high,
    }[event.key];
    if (target === undefined || this.locked) return;
    event.preventDefault();
    this.emit(field, target);
  };

  override render(): TemplateResult {
    const { data, values, localize, hass } = this;
    const { x, y, width, height } = this.scales();
    const line = (slope: number, level: number, max: number): string =>
      path(Array.from({ length: 41 }, (_, index): Point => {
        const outdoor = COLD + index;
        return [x(outdoor), y(flowAt(outdoor, slope, level, data.room_c, max))];
      }));
    const { suggestion } = data;
    const unit = isFahrenheit(hass) ? "°F" : "°C";
    return html`
      <svg width=${width} height=${height} role="group" aria-label=${localize("curve.plot")}>
        ${this.grid(x, y, width, height)}
        ${data.measured.map(([outdoor, flow]) =>
          outdoor >= COLD && outdoor <= WARM ? svg`<circle cx=${x(outdoor)} cy=${y(flow)} r="2.5" fill="var(--muted)" opacity="0.35" />` : nothing,
        )}
        ${this.changed ? svg`<path d=${line(data.slope, data.level, data.max_flow_c)} fill="none" stroke="var(--muted)" stroke-width="2" />` : nothing}
        ${suggestion
          ? svg`<path d=${line(suggestion.slope, suggestion.level, values.max_flow_c)} fill="none" stroke="var(--success-color, var(--green-color))" stroke-width="2" stroke-dasharray="6 4" />`
          : nothing}
        <line x1=${LEFT} x2=${width - RIGHT} y1=${y(values.max_flow_c)} y2=${y(values.max_flow_c)} stroke="var(--warning-color)" stroke-dasharray="2 4" />
        <path d=${line(values.slope, values.level, values.max_flow_c)} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" />
        ${isNumber(data.outdoor_c) && isNumber(data.setpoint_c) ? this.present(data.outdoor_c, data.setpoint_c, x, y, height) : nothing}
        ${this.locked ? nothing : (["max_flow_c", "slope", "level"] as const).map((field) => this.handle(field, x, y))}
        <text class="axis" x="0" y="10">${localize("curve.flow_axis", { unit })}</text>
        <text class="axis" x=${LEFT} y=${height - 4}>${localize("curve.outdoor_axis", { unit })}</text>
      </svg>
    `;
  }

  private grid(x: Scale, y: Scale, width: number, height: number): SVGTemplateResult[] {
    const { hass } = this;
    // Round numbers in the unit of the user.
    const marks = (from: number, to: number, count: number): [place: number, label: string][] =>
      ticks(toUserTemperature(hass, from), toUserTemperature(hass, to), count).map((value) => [
        fromUserTemperature(hass, value),
        formatNumber(value, hass.locale),
      ]);
    return [
      ...marks(20, this.top, 5).map(([flow, label]) => svg`
        <line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(flow)} y2=${y(flow)} />
        <text x=${LEFT - 6} y=${y(flow) + 4} text-anchor="end">${label}</text>`),
      ...marks(COLD, WARM, width < 300 ? 4 : 8).map(([outdoor, label]) => svg`
        <text x=${x(outdoor)} y=${height - BOTTOM + 14} text-anchor="middle">${label}</text>`),
    ];
  }

  /** Where the system is now: outdoor temperature and flow temperature setpoint. */
  private present(outdoor: number, setpoint: number, x: Scale, y: Scale, height: number): SVGTemplateResult {
    const { hass, localize, values, data } = this;
    const left = x(clamp(outdoor, COLD, WARM));
    const label = localize("curve.flow", { value: formatTemperature(hass, setpoint, 0) });
    const end = outdoor > 5;
    // The curve falls to the right: next to it, the free side is above on the right, and below on the left.
    const isBelow = end || setpoint < flowAt(outdoor, values.slope, values.level, data.room_c, values.max_flow_c) - 3;
    return svg`
      <line x1=${left} x2=${left} y1=${y(setpoint)} y2=${height - BOTTOM} stroke="var(--primary-color)" stroke-dasharray="2 3" />
      <circle cx=${left} cy=${y(setpoint)} r="5" fill="var(--primary-color)" />
      <text x=${left + (end ? -9 : 9)} y=${y(setpoint) + (isBelow ? 16 : -8)} class="present" text-anchor=${end ? "end" : "start"}>${label}</text>
    `;
  }

  private handle(field: Field, x: Scale, y: Scale): SVGTemplateResult {
    const { data, values, localize, hass } = this;
    const [low, high] = data.ranges[field];
    const left = field === "max_flow_c" ? x(WARM) - 12 : x(field === "slope" ? this.slopeAt : LEVEL_AT);
    const top = y(this.flowOf(field));
    return svg`
      <g
        class=${`handle ${field} ${this.dragged === field ? "dragged" : ""}`}
        role="slider"
        tabindex="0"
        aria-label=${localize(`curve.${field}`)}
        aria-orientation="vertical"
        aria-valuemin=${low}
        aria-valuemax=${high}
        aria-valuenow=${values[field]}
        aria-valuetext=${field === "max_flow_c" ? formatTemperature(hass, values[field], 0) : formatNumber(values[field], hass.locale, field === "slope" ? 2 : 0)}
        @keydown=${(event: KeyboardEvent) => this.onKey(event, field)}
        @pointerdown=${(event: PointerEvent) => this.onDown(event, field)}
        @pointermove=${this.onMove}
        @pointerup=${this.onUp}
        @pointercancel=${this.onUp}
      >
        <circle class="hit" cx=${left} cy=${top} r="22" />
        <circle class="ring" cx=${left} cy=${top} r="13" />
        <circle class="knob" cx=${left} cy=${top} r="7" />
      </g>
    `;
  }
}

