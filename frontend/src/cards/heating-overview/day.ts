/** The next 24 hours as series: what the plan does at each step. Pure. */

import { isNumber } from "../../lib/scale.js";
import type { NextDay, Plan } from "./const.js";

/** The plan's cell at a step from now on; -1 if the plan does not reach it. */
export const cellAt = (plan: Plan, step: number): number => {
  const since = step + plan.age_steps;
  return plan.begin.findIndex((begin, index) => since >= begin && since < (plan.end[index] ?? begin));
};

export interface Moment {
  price: number | null;
  priceKnown: boolean;
  outdoor: number | null;
  room: number | null;
  heat: number | null;
  /** Whether the heat is not measured; what is planned is no estimate. */
  heatEstimated?: boolean;
}

export const timeAt = (day: NextDay, step: number): Date => new Date(Date.parse(day.start) + step * day.step_s * 1000);

/** The planned room temperature at a step, between the ends of two cells. */
const roomAt = (plan: Plan, step: number, now: number | null): number | null => {
  const since = step + plan.age_steps;
  let before: readonly [number, number | null] = [plan.age_steps, now];
  for (let index = 0; index < plan.end.length; index += 1) {
    const end = plan.end[index] ?? 0;
    const room = plan.room_c[index];
    if (room === undefined) return null;
    if (since <= end) {
      if (before[1] === null || end === before[0]) return room;
      return before[1] + ((since - before[0]) / (end - before[0])) * (room - before[1]);
    }
    before = [end, room];
  }
  return null;
};

export const heatAt = (plan: Plan, step: number): number | null => {
  const cell = cellAt(plan, step);
  return cell < 0 ? null : Object.values(plan.heat_w).reduce((sum, values) => sum + (values[cell] ?? 0), 0);
};

export const momentAt = (day: NextDay, step: number, roomNow: number | null): Moment => {
  const whole = Math.floor(step);
  const value = (values: (number | null)[]): number | null => values[whole] ?? null;
  return {
    price: value(day.price_kwh),
    priceKnown: whole < day.known_steps,
    outdoor: value(day.outdoor_c),
    room: day.plan ? roomAt(day.plan, step, roomNow) : null,
    heat: day.plan ? heatAt(day.plan, step) : null,
  };
};

/** Lowest and highest known value; null without any. */
export const range = (...series: readonly (readonly (number | null)[])[]): [number, number] | null => {
  const known = series.flat().filter(isNumber);
  return known.length ? [Math.min(...known), Math.max(...known)] : null;
};

/** The energy that each source is planned to deliver in the next 24 hours, in kWh of heat. */
export const plannedHeat = (day: NextDay): Map<string, number> => {
  const { plan } = day;
  if (!plan) return new Map();
  const steps = day.lower_c.length;
  return new Map(
    Object.entries(plan.heat_w).map(([id, values]) => [
      id,
      values.reduce((sum, watts, index) => {
        const begin = Math.max(plan.begin[index] ?? 0, plan.age_steps);
        const end = Math.min(plan.end[index] ?? 0, steps + plan.age_steps);
        return sum + (Math.max(0, end - begin) * day.step_s * watts) / 3.6e6;
      }, 0),
    ]),
  );
};
