import { describe, expect, it } from "vitest";
import { area, clamp, isNumber, linear, path, steps, ticks } from "../../src/lib/scale.js";

describe("scale", () => {
  it("maps linearly, and an empty range to the middle", () => {
    expect(linear(0, 10, 100, 0)(2.5)).toBe(75);
    expect(linear(5, 5, 0, 80)(5)).toBe(40);
  });
  it("interrupts a path where a value is unknown", () => {
    expect(path([[0, 0], [10, 5.25], null, [20, 1], [30, 2]])).toBe("M0 0L10 5.3M20 1L30 2");
    expect(path([])).toBe("");
  });
  it("closes an area along its lower edge", () => {
    expect(area([[0, 0], [10, 0]], [[0, 5], [10, 6]])).toBe("M0 0L10 0L10 6L0 5Z");
    expect(area([], [])).toBe("");
  });
  it("steps hold their value", () => {
    expect(steps([1, 2], (index) => index * 10, (value) => value)).toEqual([[0, 1], [10, 1], [10, 2], [20, 2]]);
  });
  it("ticks are round and within the range", () => {
    expect(ticks(-12, 22, 5)).toEqual([-10, 0, 10, 20]);
    expect(ticks(0, 1, 4)).toEqual([0, 0.5, 1]);
    expect(ticks(0.1, 0.35, 5)).toEqual([0.1, 0.15, 0.2, 0.25, 0.3, 0.35]);
    expect(ticks(3, 3, 5)).toEqual([3]);
  });
  it("numbers", () => {
    expect([clamp(5, 0, 3), clamp(-1, 0, 3), isNumber("1"), isNumber(Number.NaN), isNumber(0)]).toEqual([3, 0, false, false, true]);
  });
});
