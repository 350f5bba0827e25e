/** Scales and paths of hand-made charts. Pure. */

export type Scale = (value: number) => number;

/** Map a range of values to a range of pixels; an empty range of values maps to the middle. */
export const linear = (from: number, to: number, start: number, end: number): Scale =>
  to === from ? () => (start + end) / 2 : (value) => start + ((value - from) / (to - from)) * (end - start);

export type Point = readonly [x: number, y: number];

const at = (value: number): string => String(Math.round(value * 10) / 10);

/** A path through points; a null interrupts it. */
export const path = (points: readonly (Point | null)[]): string => {
  let pen = "M";
  let result = "";
  for (const point of points) {
    if (!point) {
      pen = "M";
      continue;
    }
    result += `${pen}${at(point[0])} ${at(point[1])}`;
    pen = "L";
  }
  return result;
};

/** A closed area between an upper and a lower line. */
export const area = (upper: readonly Point[], lower: readonly Point[]): string =>
  upper.length ? `${path([...upper, ...[...lower].reverse()])}Z` : "";

/** Points of a step line: each value holds from its own position to the next. */
export const steps = (values: readonly number[], x: (index: number) => number, y: Scale): Point[] =>
  values.flatMap((value, index): Point[] => [
    [x(index), y(value)],
    [x(index + 1), y(value)],
  ]);

/** Numbers that are round in the decimal system, at most `count` + 1 of them, within a range. */
export const ticks = (from: number, to: number, count: number): number[] => {
  const span = to - from;
  if (!(span > 0) || count < 1) return [from];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough - 1e-12) ?? rough;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
};

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
