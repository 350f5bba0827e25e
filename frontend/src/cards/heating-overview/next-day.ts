/** The chart of the next 24 hours: rooms, heat, tariff and weather over one time axis, read with pointer or keys. */

import { css, html, LitElement, nothing, svg, type PropertyDeclarations, type SVGTemplateResult, type TemplateResult } from "lit";
import { formatHour, formatPower, formatPrice, formatTemperature, formatTime, hourOfDay } from "../../lib/format.js";
import type { Localize } from "../../lib/localize.js";
import { Width } from "../../lib/resize.js";
import { area, clamp, isNumber, linear, path, steps, type Point, type Scale } from "../../lib/scale.js";
import { cardStyles } from "../../lib/styles.js";
import type { HomeAssistant } from "../../lib/types.js";
import type { NextDay } from "./const.js";
import { momentAt, range, timeAt, type Moment } from "./day.js";

const GAP = 26;
const HEIGHTS = { room: 64, heat: 44, price: 40, outdoor: 30 } as const;
const AXIS = 18;
/** From this width on, the chart is as high as what is next to it. */
const WIDE = 480;

interface Panel {
  key: keyof typeof HEIGHTS;
  top: number;
  height: number;
  draw: (y: (from: number, to: number) => Scale) => SVGTemplateResult | SVGTemplateResult[];
  values: [number, number] | null;
  format: (value: number) => string;
}

export class NextDayChart extends LitElement {
  static override properties: PropertyDeclarations = {
    hass: { attribute: false },
    day: { attribute: false },
    now: { attribute: false },
    currency: { attribute: false },
    colors: { attribute: false },
    localize: { attribute: false },
    shadow: { type: Boolean, reflect: true },
    step: { state: true },
  };

  declare hass: HomeAssistant;
  declare day: NextDay;
  /** What is measured now, which the first step of the plan is not: it is the mean of a quarter of an hour. */
  declare now: Moment;
  declare currency: string;
  declare colors: Map<string, string>;
  declare localize: Localize;
  declare shadow: boolean;
  declare step: number | null;
  private readonly width = new Width(this);

  static override styles = [
    cardStyles,
    css`
      :host {
        height: auto;
      }
      .chart {
        position: relative;
        touch-action: pan-y;
        cursor: crosshair;
        border-radius: 8px;
      }
      .title {
        font-size: 12px;
        fill: var(--muted);
      }
      .readout {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 14px;
        min-height: 20px;
        margin-bottom: 6px;
        font-size: 12px;
        color: var(--muted);
      }
      .readout b {
        color: var(--primary-text-color);
        font-weight: 500;
      }
      .shadowed {
        stroke-dasharray: 3 3;
      }
    `,
  ];

  private get count(): number {
    return this.day.lower_c.length;
  }

  private move(step: number): void {
    this.step = clamp(Math.round(step), 0, this.count - 1);
  }

  private onPointer = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    if (box.width > 0) this.move(((event.clientX - box.left) / box.width) * this.count - 0.5);
  };

  private onKey = (event: KeyboardEvent): void => {
    const step = this.step ?? 0;
    const target = {
      ArrowLeft: step - 1,
      ArrowDown: step - 1,
      ArrowRight: step + 1,
      ArrowUp: step + 1,
      PageDown: step - 4,
      PageUp: step + 4,
      Home: 0,
      End: this.count - 1,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.move(target);
  };

  private facts(): [label: string, value: string][] {
    const { hass, localize } = this;
    const moment = isNumber(this.step) ? momentAt(this.day, this.step, this.now.room) : this.now;
    const facts: [string, string | null][] = [
      ["room", isNumber(moment.room) ? formatTemperature(hass, moment.room) : null],
      ["heat", isNumber(moment.heat) ? (moment.heatEstimated ? "≈ " : "") + formatPower(moment.heat, hass.locale) : null],
      ["price", isNumber(moment.price) ? (moment.priceKnown ? "" : "≈ ") + formatPrice(moment.price, this.currency, hass.locale) : null],
      ["outdoor", isNumber(moment.outdoor) ? formatTemperature(hass, moment.outdoor) : null],
    ];
    return facts.flatMap(([key, value]): [string, string][] => (value === null ? [] : [[localize(`overview.chart.${key}`), value]]));
  }

  override render(): TemplateResult {
    const { hass, localize } = this;
    const width = this.width.inside(0);
    const x = linear(0, this.count, 0, width);
    const panels = this.panels(width, x);
    const last = panels[panels.length - 1];
    const bottom = last ? last.top + last.height : 0;
    const time = formatTime(hass, timeAt(this.day, this.step ?? 0));
    const facts = this.facts();
    return html`
      <div class="readout" aria-hidden="true">
        <b>${this.step === null || this.step === undefined ? localize("overview.chart.now") : time}</b>
        ${facts.map(([label, value]) => html`<span>${label} <b>${value}</b></span>`)}
      </div>
      <div
        class="chart"
        role="slider"
        tabindex="0"
        aria-label=${localize("overview.chart.label")}
        aria-valuemin="0"
        aria-valuemax=${this.count - 1}
        aria-valuenow=${this.step ?? 0}
        aria-valuetext=${`${time}: ${facts.map((fact) => fact.join(" ")).join(", ")}`}
        @keydown=${this.onKey}
        @pointermove=${this.onPointer}
        @pointerdown=${this.onPointer}
        @pointerleave=${({ pointerType }: PointerEvent) => {
          // What a finger has chosen stays after it was lifted.
          if (pointerType !== "touch") this.step = null;
        }}
      >
        <svg width=${width} height=${bottom + AXIS} aria-hidden="true">
          ${this.axis(x, bottom)}
          ${panels.map((panel) => this.panel(panel, width))}
          ${isNumber(this.step)
            ? svg`<line x1=${x(this.step + 0.5)} x2=${x(this.step + 0.5)} y1="12" y2=${bottom} stroke="var(--primary-text-color)" stroke-width="1" opacity="0.6" />`
            : nothing}
        </svg>
      </div>
    `;
  }

  private panels(width: number, x: Scale): Panel[] {
    const { day, hass } = this;
    const panels: Omit<Panel, "top" | "height">[] = [];
    const temperature = (value: number): string => formatTemperature(hass, value, 0);
    const room = range(day.lower_c, day.upper_c, day.plan?.room_c ?? [], [this.now.room]);
    if (room) panels.push({ key: "room", values: [room[0] - 0.2, room[1] + 0.2], format: temperature, draw: (y) => this.drawRoom(x, y(room[0] - 0.2, room[1] + 0.2)) });
    const heat = this.stacked();
    if (heat) panels.push({ key: "heat", values: [0, heat], format: (value) => formatPower(value, hass.locale), draw: (y) => this.drawHeat(x, y(0, heat)) });
    const price = range(day.price_kwh);
    if (price) {
      const low = Math.min(0, price[0]);
      const high = price[1] > low ? price[1] : low + 0.1;
      panels.push({ key: "price", values: [low, high], format: (value) => formatPrice(value, this.currency, hass.locale), draw: (y) => this.drawPrice(x, y(low, high), y(low, high)(0), width) });
    }
    const outdoor = range(day.outdoor_c);
    if (outdoor) {
      const [low, high] = outdoor[1] - outdoor[0] < 2 ? [outdoor[0] - 1, outdoor[1] + 1] : outdoor;
      panels.push({ key: "outdoor", values: [low, high], format: temperature, draw: (y) => this.drawLine(day.outdoor_c, x, y(low, high)) });
    }
    let top = GAP - 6;
    return panels.map((panel) => {
      const placed = { ...panel, top, height: HEIGHTS[panel.key] * (width < WIDE ? 1 : 1.6) };
      top += placed.height + GAP;
      return placed;
    });
  }

  private panel(panel: Panel, width: number): SVGTemplateResult {
    const bottom = panel.top + panel.height;
    const label = this.localize(`overview.chart.${panel.key}`);
    const [low, high] = panel.values ?? [0, 0];
    const scale = low === 0 || panel.key === "heat" ? panel.format(high) : `${panel.format(low)} – ${panel.format(high)}`;
    return svg`
      <text class="title" x="0" y=${panel.top - 7}>${label}</text>
      <text x=${width} y=${panel.top - 7} text-anchor="end">${scale}</text>
      <line x1="0" x2=${width} y1=${bottom} y2=${bottom} stroke="var(--line)" />
      ${panel.draw((from, to) => linear(from, to, bottom, panel.top))}
    `;
  }

  private axis(x: Scale, bottom: number): SVGTemplateResult[] {
    const { hass, day } = this;
    const perHour = 3600 / day.step_s;
    const start = Date.parse(day.start);
    const every = this.width.inside(0) < 300 ? 6 : this.width.inside(0) < 520 ? 4 : 3;
    const marks: SVGTemplateResult[] = [];
    for (let hour = 1; hour <= 24; hour += 1) {
      const when = new Date(Math.ceil(start / 3.6e6) * 3.6e6 + (hour - 1) * 3.6e6);
      if (hourOfDay(hass, when) % every) continue;
      const at = x(((when.getTime() - start) / 3.6e6) * perHour);
      if (at < 0 || at > x(this.count)) continue;
      const anchor = at < 14 ? "start" : at > x(this.count) - 14 ? "end" : "middle";
      marks.push(svg`
        <line x1=${at} x2=${at} y1="12" y2=${bottom} stroke="var(--line)" opacity="0.5" />
        <text x=${at} y=${bottom + 14} text-anchor=${anchor}>${formatHour(hass, when)}</text>
      `);
    }
    return marks;
  }

  private drawRoom(x: Scale, y: Scale): SVGTemplateResult {
    const { day } = this;
    const edge = (values: (number | null)[]): Point[] =>
      steps(values.map((value) => value ?? 0), x, y);
    const line: (Point | null)[] = [];
    if (day.plan)
      for (let step = 0; step <= this.count; step += 1) {
        const { room } = momentAt(day, Math.min(step, this.count - 0.01), this.now.room);
        line.push(isNumber(room) ? [x(step), y(room)] : null);
      }
    return svg`
      <path d=${area(edge(day.upper_c), edge(day.lower_c))} fill="var(--success-color, var(--green-color))" opacity="0.16" />
      ${line.length ? svg`<path class=${this.shadow ? "shadowed" : ""} d=${path(line)} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />` : nothing}
      ${isNumber(this.now.room) ? svg`<circle cx="0" cy=${y(this.now.room)} r="4" fill="var(--heat)" />` : nothing}
    `;
  }

  /** The highest planned heat output; 0 without any. */
  private stacked(): number {
    const { plan } = this.day;
    if (!plan) return 0;
    return Math.max(...plan.begin.map((_, cell) => Object.values(plan.heat_w).reduce((sum, values) => sum + (values[cell] ?? 0), 0)), 0);
  }

  private drawHeat(x: Scale, y: Scale): SVGTemplateResult[] {
    const { plan } = this.day;
    if (!plan) return [];
    return plan.begin.flatMap((begin, cell) => {
      const left = x(Math.max(0, begin - plan.age_steps));
      const right = x(Math.min(this.count, (plan.end[cell] ?? begin) - plan.age_steps));
      let base = 0;
      return Object.entries(plan.heat_w).flatMap(([id, values]) => {
        const watts = values[cell] ?? 0;
        if (watts < 1 || right <= left) return [];
        const top = y(base + watts);
        const height = y(base) - top;
        base += watts;
        const color = this.colors.get(id) ?? "var(--heat)";
        return [
          svg`<rect x=${left} y=${top} width=${Math.max(1, right - left - 1)} height=${height} rx="1" fill=${this.shadow ? "none" : color} stroke=${this.shadow ? color : "none"} />`,
        ];
      });
    });
  }

  private drawPrice(x: Scale, y: Scale, zero: number, width: number): SVGTemplateResult {
    const { day } = this;
    const values = day.price_kwh.map((value) => value ?? 0);
    const points = steps(values, x, y);
    const known = clamp(day.known_steps, 0, values.length) * 2;
    const guess = points.slice(Math.max(0, known - 1));
    return svg`
      <path d=${area(points, [[0, zero], [width, zero]])} fill="var(--info-color, var(--primary-color))" opacity="0.12" />
      <path d=${path(points.slice(0, known))} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" />
      <path d=${path(guess)} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" stroke-dasharray="2 3" opacity="0.7" />
    `;
  }

  private drawLine(values: (number | null)[], x: Scale, y: Scale): SVGTemplateResult {
    const points = values.map((value, index): Point | null => (isNumber(value) ? [x(index + 0.5), y(value)] : null));
    return svg`<path d=${path(points)} fill="none" stroke="var(--muted)" stroke-width="1.5" stroke-linejoin="round" />`;
  }
}
