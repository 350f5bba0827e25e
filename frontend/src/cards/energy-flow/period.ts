/** The name of a period: "today", "Sat, 28 Nov", "November 2026", "14:00–15:00". Pure. */

import { formatTime } from "../../lib/format.js";
import type { HomeAssistant } from "../../lib/types.js";
import type { EnergyFlow } from "./const.js";

const capital = (text: string, language: string): string => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

export const periodName = (hass: HomeAssistant, data: Pick<EnergyFlow, "period" | "offset" | "begin" | "end">): string => {
  const { language } = hass.locale;
  if (data.period === "hour") return `${formatTime(hass, data.begin)}–${formatTime(hass, data.end)}`;
  if (data.offset < 2) {
    const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-data.offset, data.period);
    return capital(relative, language);
  }
  // Days and months begin at midnight where the home is.
  const style: Intl.DateTimeFormatOptions =
    data.period === "day" ? { weekday: "short", day: "numeric", month: "short" } : { month: "long", year: "numeric" };
  const name = new Intl.DateTimeFormat(language, { ...style, timeZone: hass.config.time_zone }).format(Date.parse(data.begin));
  return capital(name, language);
};
