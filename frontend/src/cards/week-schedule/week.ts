/** A week of blocks and the edits of it. All functions are pure; a week is Monday to Sunday. */

export type Mode = "auto" | "eco" | "manual";

export interface Block {
  /** Minutes since midnight; the end is excluded. */
  start: number;
  end: number;
  target_c: number | null;
  mode: Mode;
}

export type Week = Block[][];

export const DAY = 1440;
export const STEP = 15;
/** Limit of the server per day. */
export const MAX_BLOCKS = 24;
const NEW_LENGTH = 120;

const snap = (minute: number): number => Math.round(minute / STEP) * STEP;

const withDay = (week: Week, day: number, blocks: Block[]): Week =>
  week.map((old, index) => (index === day ? [...blocks].sort((a, b) => a.start - b.start) : old));

/** The free time around a minute; undefined inside a block. */
export const gapAt = (blocks: Block[], minute: number): { start: number; end: number } | undefined => {
  if (blocks.some((block) => block.start <= minute && minute < block.end)) return undefined;
  const before = blocks.filter((block) => block.end <= minute).map((block) => block.end);
  const after = blocks.filter((block) => block.start > minute).map((block) => block.start);
  return { start: Math.max(0, ...before), end: Math.min(DAY, ...after) };
};

/** The largest free time of a day; undefined if there is none. */
export const largestGap = (blocks: Block[]): { start: number; end: number } | undefined =>
  [0, ...blocks.map((block) => block.end)]
    .map((minute) => (minute < DAY ? gapAt(blocks, minute) : undefined))
    .filter((gap) => gap !== undefined)
    .sort((a, b) => b.end - b.start - (a.end - a.start))[0];

/** Add a block of two hours around a minute, shorter if there is less free time. */
export const addBlock = (
  week: Week,
  day: number,
  minute: number,
  like: Pick<Block, "target_c" | "mode">,
): { week: Week; index: number } | undefined => {
  const blocks = week[day] ?? [];
  const gap = gapAt(blocks, Math.min(Math.max(minute, 0), DAY - 1));
  if (!gap || blocks.length >= MAX_BLOCKS) return undefined;
  const length = Math.min(NEW_LENGTH, gap.end - gap.start);
  const start = Math.min(Math.max(snap(minute - length / 2), gap.start), gap.end - length);
  const block: Block = { start, end: start + length, target_c: like.target_c, mode: like.mode };
  const changed = withDay(week, day, [...blocks, block]);
  return { week: changed, index: changed[day]?.indexOf(block) ?? 0 };
};

/** The range within which an edge of a block may move. */
export const edgeLimits = (blocks: Block[], index: number, edge: "start" | "end"): { min: number; max: number } => {
  const block = blocks[index];
  if (!block) return { min: 0, max: 0 };
  return edge === "start"
    ? { min: blocks[index - 1]?.end ?? 0, max: Math.max(block.end - STEP, blocks[index - 1]?.end ?? 0) }
    : { min: Math.min(block.start + STEP, blocks[index + 1]?.start ?? DAY), max: blocks[index + 1]?.start ?? DAY };
};

/** Move an edge as far as the neighbors allow. */
export const moveEdge = (week: Week, day: number, index: number, edge: "start" | "end", minute: number): Week => {
  const blocks = week[day] ?? [];
  const block = blocks[index];
  if (!block) return week;
  const { min, max } = edgeLimits(blocks, index, edge);
  const to = Math.min(Math.max(snap(minute), min), max);
  return to === block[edge] ? week : changeBlock(week, day, index, { [edge]: to });
};

export const changeBlock = (week: Week, day: number, index: number, change: Partial<Block>): Week =>
  withDay(
    week,
    day,
    (week[day] ?? []).map((block, number) => (number === index ? { ...block, ...change } : block)),
  );

export const removeBlock = (week: Week, day: number, index: number): Week =>
  withDay(
    week,
    day,
    (week[day] ?? []).filter((_, number) => number !== index),
  );

export const copyDay = (week: Week, from: number, to: number[]): Week =>
  week.map((blocks, day) => (to.includes(day) ? (week[from] ?? []).map((block) => ({ ...block })) : blocks));

export const sameWeek = (a: Week, b: Week): boolean => JSON.stringify(a.map(plain)) === JSON.stringify(b.map(plain));

const plain = (blocks: Block[]): unknown[] => blocks.map(({ start, end, target_c, mode }) => [start, end, target_c, mode]);

/** How strong the color of a target is, in percent: the warmest of the week is the strongest. */
export const strength = (week: Week, target: number | null): number => {
  const targets = week.flat().flatMap((block) => block.target_c ?? []);
  const [low, high] = [Math.min(...targets), Math.max(...targets)];
  return target === null || high <= low ? 34 : Math.round(16 + (28 * (target - low)) / (high - low));
};

/** Weekday (0 Monday) and minute of a moment in a time zone. */
export const placeOf = (moment: Date, timeZone: string): { day: number; minute: number } => {
  const parts = new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
  }).formatToParts(moment);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  return {
    day: Math.max(0, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(part("weekday"))),
    minute: Number(part("hour")) * 60 + Number(part("minute")),
  };
};

/** Minutes of a time such as "06:30"; undefined if it is none. An end of 00:00 is the end of the day. */
export const parseTime = (text: string, edge: "start" | "end"): number | undefined => {
  const found = /^(\d{1,2}):(\d{2})/.exec(text);
  if (!found) return undefined;
  const minute = Number(found[1]) * 60 + Number(found[2]);
  return edge === "end" && minute === 0 ? DAY : minute;
};

/** The value of a time field: "06:30"; the end of the day is "00:00". */
export const timeField = (minute: number): string =>
  `${String(Math.floor((minute % DAY) / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** The weekdays in the order of the user's calendar. */
export const dayOrder = (firstWeekday: string | undefined, language: string): number[] => {
  let first = DAYS.indexOf(firstWeekday ?? "language");
  if (first < 0) {
    const locale = new Intl.Locale(language) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    first = ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1) - 1;
  }
  return DAYS.map((_, index) => (index + first) % 7);
};
