/** Mathematics of heating curves by slope and level; the same as lib/heating_curve.py. Temperatures in °C. */

import { clamp } from "./scale.js";

/** Lift of the flow over the room in kelvin per unit of slope; 0 where it is warmer outside. */
export const curveShape = (outdoor: number, room = 20): number => {
  const d = Math.min(outdoor - room, 0);
  return -d * (1.4347 + 0.021 * d + 247.9e-6 * d * d);
};

export const flowAt = (outdoor: number, slope: number, level: number, room = 20, max = 100): number =>
  Math.min(max, room + level + slope * curveShape(outdoor, room));

/** The slope whose curve gives a flow temperature at an outdoor temperature below the room's. */
export const slopeThrough = (flow: number, outdoor: number, level: number, room = 20): number =>
  (flow - room - level) / curveShape(outdoor, room);

/** The level whose curve gives a flow temperature at an outdoor temperature. */
export const levelThrough = (flow: number, outdoor: number, slope: number, room = 20): number =>
  flow - room - slope * curveShape(outdoor, room);

/** Round to a step within limits. */
export const settable = (value: number, step: number, [low, high]: readonly [number, number]): number =>
  Number(clamp(Math.round(value / step) * step, low, high).toFixed(4));
