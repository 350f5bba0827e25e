import { describe, expect, it } from "vitest";
import { cellAt, heatAt, momentAt, plannedHeat, range, timeAt } from "../../src/cards/heating-overview/day.js";
import type { Plan } from "../../src/cards/heating-overview/const.js";
import { nextDay } from "./overview_data.js";

const day = nextDay();
const plan = day.plan as Plan;

describe("the plan at a moment", () => {
  it("finds the cell: steps count from now on, cells from when the plan was made", () => {
    expect(cellAt(plan, 0)).toBe(0);
    expect(cellAt(plan, 0.5)).toBe(1);
    expect(cellAt(plan, 4)).toBe(2);
    expect(cellAt(plan, 200)).toBe(-1);
  });
  it("adds the heat of all sources", () => {
    expect(heatAt(plan, 0)).toBe(2000);
    expect(heatAt(plan, 3)).toBe(1000);
    expect(heatAt(plan, 200)).toBeNull();
  });
  it("interpolates the room from its present temperature", () => {
    expect(momentAt(day, 0, 20.8).room).toBeCloseTo(20.8);
    expect(momentAt(day, 0.25, 20.8).room).toBeCloseTo(20.9);
    expect(momentAt(day, 0.5, 20.8).room).toBeCloseTo(21);
    expect(momentAt(day, 3.5, 20.8).room).toBeCloseTo(21.4);
    expect(momentAt(day, 0.25, null).room).toBe(21);
  });
  it("marks prices that repeat the last day, and leaves out what is unknown", () => {
    expect(momentAt(day, 47, 20).priceKnown).toBe(true);
    expect(momentAt(day, 48, 20).priceKnown).toBe(false);
    const unknown = momentAt(nextDay({ price_kwh: [], outdoor_c: [], plan: null }), 3, 20);
    expect([unknown.price, unknown.outdoor, unknown.room, unknown.heat]).toEqual([null, null, null, null]);
    expect(timeAt(day, 4).toISOString()).toBe("2026-01-15T13:00:00.000Z");
  });
});

describe("sums and ranges", () => {
  it("planned heat counts what is left of the first cell and what lies within 24 hours", () => {
    const heat = plannedHeat(day);
    expect(heat.get("pump")).toBeCloseTo((0.5 * 2000 + 1 * 4000 + 90.5 * 1000) / 4000);
    expect(heat.get("boiler")).toBeCloseTo((4 * 1000) / 4000);
    expect(plannedHeat(nextDay({ plan: null })).size).toBe(0);
  });
  it("ranges ignore unknown values", () => {
    expect(range([1, null, 3], [], [-2])).toEqual([-2, 3]);
    expect(range([null])).toBeNull();
  });
});
