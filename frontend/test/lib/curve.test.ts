import { describe, expect, it } from "vitest";
import { curveShape, flowAt, levelThrough, settable, slopeThrough } from "../../src/lib/curve.js";

describe("heating curve", () => {
  it("is that of lib/heating_curve.py", () => {
    // Values of HeatingCurve(slope, level).flow_c(outdoor).
    expect(flowAt(-10, 1.4, 0)).toBeCloseTo(63.1680, 3);
    expect(flowAt(5, 0.6, 3)).toBeCloseTo(33.5793, 3);
    expect(curveShape(25)).toBe(0);
  });
  it("is limited, and level where it is warmer outside", () => {
    expect(flowAt(-20, 2, 0, 20, 45)).toBe(45);
    expect(flowAt(30, 2, 4)).toBe(24);
  });
  it("goes through a point that was dragged", () => {
    expect(flowAt(-12, slopeThrough(41, -12, 2), 2)).toBeCloseTo(41);
    expect(flowAt(12, 0.8, levelThrough(30, 12, 0.8))).toBeCloseTo(30);
  });
  it("is set in steps within limits", () => {
    expect(settable(0.83, 0.05, [0.1, 3.5])).toBe(0.85);
    expect(settable(9, 0.05, [0.1, 3.5])).toBe(3.5);
    expect(settable(-20, 1, [-13, 40])).toBe(-13);
  });
});
