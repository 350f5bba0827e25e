/** Moving the edge of a block, by pointer and by keyboard. */

import { DAY, edgeLimits, STEP, type Block } from "./week.js";

export type Edge = "start" | "end";

/** The minute of the day at a place of a day's bar. */
export const minuteAt = (event: MouseEvent, bar: Element): number => {
  const box = bar.getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  return (getComputedStyle(bar).direction === "rtl" ? 1 - share : share) * DAY;
};

/** Follow a pointer from its press on a handle to its release. */
export const follow = (event: PointerEvent, move: (minute: number) => void): void => {
  const handle = event.currentTarget as HTMLElement;
  const bar = handle.closest(".bar");
  if (!bar) return;
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  const moved = (at: PointerEvent): void => move(minuteAt(at, bar));
  const end = (): void => {
    handle.removeEventListener("pointermove", moved);
    handle.removeEventListener("pointerup", end);
    handle.removeEventListener("pointercancel", end);
  };
  handle.addEventListener("pointermove", moved);
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
  handle.focus();
};

/** Where a key moves an edge to; undefined for any other key. */
export const minuteAfterKey = (key: string, blocks: Block[], index: number, edge: Edge): number | undefined => {
  const block = blocks[index];
  if (!block) return undefined;
  const limits = edgeLimits(blocks, index, edge);
  const to: Record<string, number> = {
    ArrowLeft: block[edge] - STEP,
    ArrowDown: block[edge] - STEP,
    ArrowRight: block[edge] + STEP,
    ArrowUp: block[edge] + STEP,
    PageDown: block[edge] - 60,
    PageUp: block[edge] + 60,
    Home: limits.min,
    End: limits.max,
  };
  return to[key];
};
