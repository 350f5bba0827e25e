/** The ladder of heat prices: each source with the price of its heat, cheapest first, and why it does not run. Pure. */

import { joined, type Localize } from "../../lib/localize.js";
import { clamp, isNumber } from "../../lib/scale.js";
import { KIND_COLORS, type Source } from "./const.js";

export interface Rung {
  source: Source;
  color: string;
  /** Left edge and width of the price's bar, in percent; null: the price is unknown. */
  bar: { left: number; width: number } | null;
  /** "heating", "own" (heats without a command), "running" (a few watts), "commanded" (not heating yet), "waiting" or "failing". */
  status: "heating" | "own" | "running" | "commanded" | "waiting" | "failing";
}

/** A text that begins with a capital letter, and whose numbers keep their units. */
export const sentence = (text: string): string => joined(text.charAt(0).toLocaleUpperCase() + text.slice(1));

const FAILING = new Set(["failing", "auth"]);

const status = (source: Source): Rung["status"] => {
  if (FAILING.has(source.health)) return "failing";
  if (source.heating) return source.commanded ? "heating" : "own";
  if (source.running) return "running";
  return source.commanded ? "commanded" : "waiting";
};

/** The color of each source by id. Sources of the same kind get lighter ones. */
export const sourceColors = (sources: readonly Source[]): Map<string, string> => {
  const seen = new Map<string, number>();
  return new Map(
    sources.map(({ id, kind }) => {
      const before = seen.get(kind) ?? 0;
      seen.set(kind, before + 1);
      const color = KIND_COLORS[kind] ?? "var(--teal-color)";
      return [id, before ? `color-mix(in srgb, ${color} ${clamp(100 - 35 * before, 30, 100)}%, var(--card-background-color))` : color];
    }),
  );
};

export const ladder = (sources: readonly Source[]): Rung[] => {
  const colors = sourceColors(sources);
  const prices = sources.map(({ price_kwh }) => price_kwh).filter(isNumber);
  const low = Math.min(0, ...prices);
  const span = Math.max(0, ...prices) - low || 1;
  const percent = (price: number): number => ((price - low) / span) * 100;
  return [...sources]
    .sort((a, b) => (a.price_kwh ?? Infinity) - (b.price_kwh ?? Infinity) || a.name.localeCompare(b.name))
    .map((source) => ({
      source,
      color: colors.get(source.id) ?? "",
      status: status(source),
      bar: isNumber(source.price_kwh)
        ? { left: percent(Math.min(0, source.price_kwh)), width: (Math.abs(source.price_kwh) / span) * 100 }
        : null,
    }));
};

/** A sentence of the integration, without the name of the source that it is shown at. */
export const withoutName = (text: string, { name }: Source): string => sentence(text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text);

/** Why a source does not heat, in words. */
export const whyNot = (source: Source, localize: Localize): string => {
  if (source.reason_text) return withoutName(source.reason_text, source);
  if (!source.reason) return "";
  const text = localize(`overview.reasons.${source.reason}`);
  return text.startsWith("overview.") ? "" : text;
};
