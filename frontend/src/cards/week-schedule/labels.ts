/** How times, days and blocks of a week are written. Pure. */

import { formatNumber, is12Hour, isFahrenheit, toUserTemperature } from "../../lib/format.js";
import type { Localize } from "../../lib/localize.js";
import type { HomeAssistant } from "../../lib/types.js";
import { DAY, timeField, type Block } from "./week.js";

/** A minute of the day: "06:30" or "6:30 AM"; the end of the day is "24:00". */
export const timeLabel = (hass: HomeAssistant, minute: number): string => {
  if (!is12Hour(hass.locale)) return minute === DAY ? "24:00" : timeField(minute);
  return new Intl.DateTimeFormat(hass.locale.language, {
    hour: "numeric",
    minute: "2-digit",
    hour12: true,
    timeZone: "UTC",
  }).format(new Date((minute % DAY) * 60_000));
};

/** An hour of the axis: "6" or "6 AM". */
export const hourLabel = (hass: HomeAssistant, hour: number): string =>
  is12Hour(hass.locale)
    ? new Intl.DateTimeFormat(hass.locale.language, { hour: "numeric", hour12: true, timeZone: "UTC" }).format(
        new Date((hour % 24) * 3_600_000),
      )
    : String(hour);

/** The name of a day, 0 Monday. */
export const dayName = (hass: HomeAssistant, day: number, style: "short" | "long"): string =>
  // 1 January 2024 was a Monday.
  new Intl.DateTimeFormat(hass.locale.language, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + day));

/** The target of a block: "21.5 °C", or "21.5°" without the unit. */
export const targetLabel = (hass: HomeAssistant, { target_c }: Block, unit = true): string => {
  if (target_c === null) return "";
  const value = formatNumber(toUserTemperature(hass, target_c), hass.locale, 1, 0);
  return unit ? `${value} ${isFahrenheit(hass) ? "°F" : "°C"}` : `${value}°`;
};

/** A block in words: "Monday 06:00–09:00, 21.5 °C, Auto"; without `localize`, the mode is not named. */
export const describe = (hass: HomeAssistant, localize: Localize | undefined, day: number, block: Block): string =>
  [
    `${dayName(hass, day, "long")} ${timeLabel(hass, block.start)}–${timeLabel(hass, block.end)}`,
    ...(block.target_c === null ? [] : [targetLabel(hass, block)]),
    ...(localize ? [localize(`mode.${block.mode}`)] : []),
  ].join(", ");
