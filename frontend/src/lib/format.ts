/** Numbers, temperatures, money and times as the user's profile asks for. All functions are pure. */

import type { HomeAssistant, Locale } from "./types.js";

const NUMBER_LANGUAGES: Record<string, string[]> = {
  comma_decimal: ["en-US", "en"],
  decimal_comma: ["de", "es", "it"],
  space_comma: ["fr", "sv", "cs"],
  quote_decimal: ["de-CH"],
};

/** An unknown value is shown as a dash, never as 0. */
export const UNKNOWN = "–";

const known = (value: number | null | undefined): value is number => typeof value === "number" && Number.isFinite(value);

const languagesOf = (locale: Locale): string[] | undefined =>
  locale.number_format === "system" ? undefined : (NUMBER_LANGUAGES[locale.number_format] ?? [locale.language]);

export const formatNumber = (value: number | null | undefined, locale: Locale, digits = 0, minimum = digits): string =>
  known(value)
    ? new Intl.NumberFormat(languagesOf(locale), {
        minimumFractionDigits: minimum,
        maximumFractionDigits: digits,
        useGrouping: locale.number_format !== "none",
      }).format(value === 0 ? 0 : value)
    : UNKNOWN;

export const isFahrenheit = (hass: HomeAssistant): boolean => hass.config.unit_system.temperature === "°F";

/** Convert a temperature in °C to the user's unit. */
export const toUserTemperature = (hass: HomeAssistant, celsius: number): number =>
  isFahrenheit(hass) ? celsius * 1.8 + 32 : celsius;

/** Convert a temperature in the user's unit to °C. */
export const fromUserTemperature = (hass: HomeAssistant, value: number): number =>
  isFahrenheit(hass) ? (value - 32) / 1.8 : value;

export const formatTemperature = (hass: HomeAssistant, celsius: number | null | undefined, digits = 1): string =>
  known(celsius)
    ? `${formatNumber(toUserTemperature(hass, celsius), hass.locale, digits)} ${isFahrenheit(hass) ? "°F" : "°C"}`
    : UNKNOWN;

/** A difference of temperatures: no offset of the scale. */
export const formatKelvin = (hass: HomeAssistant, kelvin: number | null | undefined, digits = 1): string =>
  known(kelvin)
    ? `${formatNumber(isFahrenheit(hass) ? kelvin * 1.8 : kelvin, hass.locale, digits)} ${isFahrenheit(hass) ? "°F" : "K"}`
    : UNKNOWN;

/** Watts, as kW from 1000 W. */
export const formatPower = (watts: number | null | undefined, locale: Locale): string => {
  if (!known(watts)) return UNKNOWN;
  return Math.abs(watts) >= 1000 ? `${formatNumber(watts / 1000, locale, 1)} kW` : `${formatNumber(watts, locale)} W`;
};

export const formatEnergy = (kwh: number | null | undefined, locale: Locale, digits = 1): string =>
  known(kwh) ? `${formatNumber(kwh, locale, digits)} kWh` : UNKNOWN;

/** Money in a currency of ISO 4217; an unknown currency code is written behind the number. */
export const formatMoney = (value: number | null | undefined, currency: string, locale: Locale, digits = 2): string => {
  if (!known(value)) return UNKNOWN;
  try {
    return new Intl.NumberFormat(languagesOf(locale), {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value === 0 ? 0 : value);
  } catch {
    return `${formatNumber(value, locale, digits)} ${currency}`;
  }
};

/** A share in percent; the sign is set off in the languages in which Home Assistant does. */
export const formatPercent = (value: number | null | undefined, locale: Locale, digits = 0): string =>
  known(value) ? `${formatNumber(value, locale, digits)}${/^(cs|de|fi|fr|sk|sv)$/.test(locale.language) ? "\u00a0" : ""}%` : UNKNOWN;

export const is12Hour = (locale: Locale): boolean => {
  if (locale.time_format === "12" || locale.time_format === "24") return locale.time_format === "12";
  const language = locale.time_format === "system" ? undefined : locale.language;
  return new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions().hour12 === true;
};

const zone = (hass: HomeAssistant): string | undefined =>
  hass.locale.time_zone === "server" ? hass.config.time_zone : undefined;

const date = (when: string | number | Date): Date => (when instanceof Date ? when : new Date(when));

const timeStyle = (hass: HomeAssistant): Intl.DateTimeFormatOptions => {
  const timeZone = zone(hass);
  return is12Hour(hass.locale)
    ? { hour: "numeric", minute: "2-digit", hour12: true, ...(timeZone && { timeZone }) }
    : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(timeZone && { timeZone }) };
};

/** The time of day: "14:05" or "2:05 PM". */
export const formatTime = (hass: HomeAssistant, when: string | number | Date): string =>
  new Intl.DateTimeFormat(hass.locale.language, timeStyle(hass)).format(date(when));

/** The hour for an axis: "14" or "2 PM". */
export const formatHour = (hass: HomeAssistant, when: string | number | Date): string => {
  const { minute: _minute, ...hour } = timeStyle(hass);
  return is12Hour(hass.locale)
    ? new Intl.DateTimeFormat(hass.locale.language, hour).format(date(when))
    : formatTime(hass, when).slice(0, 2);
};

/** The time, with the weekday if it is not today's. */
export const formatMoment = (hass: HomeAssistant, when: string | number | Date, now: Date = new Date()): string => {
  const timeZone = zone(hass);
  const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", ...(timeZone && { timeZone }) });
  return day.format(date(when)) === day.format(now)
    ? formatTime(hass, when)
    : new Intl.DateTimeFormat(hass.locale.language, { weekday: "short", ...timeStyle(hass) }).format(date(when));
};

/** The hour of the day of a moment, 0..23, in the zone that the user sees. */
export const hourOfDay = (hass: HomeAssistant, when: string | number | Date): number => {
  const timeZone = zone(hass);
  const parts = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", ...(timeZone && { timeZone }) });
  return Number(parts.format(date(when)));
};

/** The symbols of hour and minute, as in the texts of the integrations. */
export const timeUnits = ({ language }: Locale): [hour: string, minute: string] => (language === "ru" ? ["ч", "мин"] : ["h", "min"]);

/** A number of days in words: "2 days". */
export const formatDays = (days: number, locale: Locale): string =>
  new Intl.NumberFormat(locale.language, { style: "unit", unit: "day", unitDisplay: "long", maximumFractionDigits: 0 }).format(days);

/** A duration such as "2 h 5 min" in the user's language; less than a minute is "1 min". */
export const formatDuration = (seconds: number | null | undefined, locale: Locale): string => {
  if (!known(seconds)) return UNKNOWN;
  const [hour, minute] = timeUnits(locale);
  const minutes = Math.max(1, Math.round(seconds / 60));
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return formatDays(Math.round(hours / 24), locale);
  return [hours && `${hours} ${hour}`, minutes % 60 && `${minutes % 60} ${minute}`].filter(Boolean).join(" ");
};

const MINOR_UNITS: Record<string, string> = {
  EUR: "ct",
  USD: "¢",
  CAD: "¢",
  AUD: "¢",
  NZD: "c",
  GBP: "p",
  CHF: "Rp.",
  SEK: "öre",
  NOK: "øre",
  DKK: "øre",
};

/** A price per kWh, in the currency's minor unit where people use it: "8.1 ct/kWh". */
export const formatPrice = (value: number | null | undefined, currency: string, locale: Locale): string => {
  if (!known(value)) return UNKNOWN;
  const minor = MINOR_UNITS[currency];
  return minor ? `${formatNumber(value * 100, locale, 1)} ${minor}/kWh` : `${formatMoney(value, currency, locale, 3)}/kWh`;
};

/** Names in a sentence: "A, B and C". */
export const formatList = (parts: string[], locale: Locale): string =>
  new Intl.ListFormat(locale.language, { type: "conjunction" }).format(parts);
