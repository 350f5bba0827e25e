import { describe, expect, it } from "vitest";
import * as format from "../../src/lib/format.js";
import type { HomeAssistant, Locale } from "../../src/lib/types.js";
import { fakeHass } from "../fake_hass.js";

const locale = (changes: Partial<Locale> = {}): Locale => ({ ...fakeHass().hass.locale, ...changes });
const home = (changes: Partial<Locale> = {}, temperature = "°C"): HomeAssistant => {
  const { hass } = fakeHass();
  return { ...hass, locale: locale(changes), config: { ...hass.config, unit_system: { temperature } } };
};
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");
const evening = "2026-01-15T19:05:00+00:00";

describe("numbers", () => {
  it("follow the profile's number format", () => {
    expect(format.formatNumber(1234.5, locale(), 1)).toBe("1,234.5");
    expect(format.formatNumber(1234.5, locale({ number_format: "decimal_comma" }), 1)).toBe("1.234,5");
    expect(plain(format.formatNumber(12345, locale({ number_format: "space_comma" })))).toBe("12 345");
    expect(format.formatNumber(12345, locale({ number_format: "none" }))).toBe("12345");
    expect(format.formatNumber(1.5, locale({ number_format: "language", language: "fi" }), 1)).toBe("1,5");
  });
  it("are a dash if unknown, and never -0", () => {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
      expect(format.formatNumber(value, locale())).toBe("–");
    expect(format.formatNumber(-0, locale())).toBe("0");
  });
  it("power changes to kW at 1000 W", () => {
    expect(format.formatPower(999, locale())).toBe("999 W");
    expect(format.formatPower(1500, locale())).toBe("1.5 kW");
    expect(format.formatPower(null, locale())).toBe("–");
  });
  it("energy and percent", () => {
    expect(format.formatEnergy(12.34, locale())).toBe("12.3 kWh");
    expect(format.formatPercent(31.4, locale())).toBe("31%");
    expect(format.formatPercent(null, locale())).toBe("–");
  });
  it("the percent sign is set off as Home Assistant does in the language", () => {
    for (const language of ["cs", "de", "fi", "fr", "sk", "sv"])
      expect(format.formatPercent(31.4, locale({ language }))).toBe("31\u00a0%");
    for (const language of ["en", "ru", "nl", "es"]) expect(format.formatPercent(31.4, locale({ language }))).toBe("31%");
  });
  it("money in its currency; an unknown code stands behind", () => {
    expect(plain(format.formatMoney(1.5, "EUR", locale({ number_format: "decimal_comma" })))).toBe("1,50 €");
    expect(format.formatMoney(0.0834, "USD", locale(), 3)).toBe("$0.083");
    expect(format.formatMoney(2, "not a code", locale())).toBe("2.00 not a code");
    expect(format.formatMoney(null, "EUR", locale())).toBe("–");
  });
});

describe("temperatures", () => {
  it("are converted for °F, differences without the offset", () => {
    expect(format.formatTemperature(home(), 21.25)).toBe("21.3 °C");
    expect(format.formatTemperature(home({}, "°F"), 20)).toBe("68.0 °F");
    expect(format.formatKelvin(home({}, "°F"), 5)).toBe("9.0 °F");
    expect(format.formatKelvin(home(), 5)).toBe("5.0 K");
    expect(format.fromUserTemperature(home({}, "°F"), format.toUserTemperature(home({}, "°F"), -12.5))).toBeCloseTo(-12.5);
    expect(format.formatTemperature(home(), null)).toBe("–");
  });
});

describe("times", () => {
  it("have 12 or 24 hours by the profile, or by the language", () => {
    expect(format.formatTime(home(), evening)).toBe("20:05");
    expect(plain(format.formatTime(home({ time_format: "12" }), evening))).toBe("8:05 PM");
    expect(plain(format.formatTime(home({ time_format: "language", language: "en" }), evening))).toBe("8:05 PM");
    expect(format.formatTime(home({ time_format: "language", language: "de" }), evening)).toBe("20:05");
  });
  it("midnight is 00, not 24", () => {
    expect(format.formatTime(home(), "2026-01-15T23:00:00Z")).toBe("00:00");
    expect(format.hourOfDay(home(), "2026-01-15T23:00:00Z")).toBe(0);
  });
  it("hours of an axis", () => {
    expect(format.formatHour(home(), evening)).toBe("20");
    expect(plain(format.formatHour(home({ time_format: "12" }), evening))).toBe("8 PM");
  });
  it("name the day only if it is another one", () => {
    const now = new Date("2026-01-15T10:00:00Z");
    expect(format.formatMoment(home(), evening, now)).toBe("20:05");
    expect(format.formatMoment(home(), "2026-01-16T05:00:00Z", now)).toMatch(/^Fri.*06:00$/);
  });
  it("durations", () => {
    expect(format.formatDuration(20, locale())).toBe("1 min");
    expect(format.formatDuration(7500, locale())).toBe("2 h 5 min");
    expect(format.formatDuration(7200, locale({ language: "de" }))).toBe("2 h");
    expect(format.formatDuration(7500, locale({ language: "ru" }))).toBe("2 ч 5 мин");
    expect(format.formatDuration(3 * 86400, locale({ language: "de" }))).toBe("3 Tage");
    expect(format.formatDuration(3 * 86400, locale())).toBe("3 days");
    expect(format.formatDuration(null, locale())).toBe("–");
  });
});
