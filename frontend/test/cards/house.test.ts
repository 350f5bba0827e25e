import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { HouseCard } from "../../src/cards/house/card.js";
import { readConfig } from "../../src/cards/house/config.js";
import { TAG, type House, type HouseMessage } from "../../src/cards/house/const.js";
import type { HomeAssistant } from "../../src/lib/types.js";
import { fakeHass, settle } from "../fake_hass.js";

const DAY = 86_400;
const data = (changes: Partial<House> = {}): House => ({
  available: true,
  entry_id: "entry-1",
  name: "House",
  time: "2026-01-15T12:00:00+00:00",
  room_c: 21,
  outdoor_c: 1,
  values: { loss_w_k: { value: 214.6, sd: 7 }, time_constant_h: { value: 61.2, sd: 4 }, solar_gain_m2: { value: 6.1, sd: 0.8 } },
  drift: { days: 40, change_w_k: 4, percent: 1.9, significant: false },
  loss_history: Array.from({ length: 40 }, (_, index) => [index * DAY, 212 + index / 10]),
  days: 14,
  backtest: [
    { hours: 3, error_k: 0.12, unchanged_k: 0.31 },
    { hours: 12, error_k: 0.24, unchanged_k: 0.62 },
  ],
  full_power_w: 5200,
  full_load_cop: 3.1,
  learning: { trusted: true, learned: true, progress: 100, hours: 336, expected: null, error_k: 0.24, limit_k: 0.8 },
  import: { status: "done", reason: null, expected_end: null, days_imported: 14 },
  ...changes,
});

beforeAll(async () => {
  await import("../../src/entries/proof_of_heat.js");
});
afterEach(() => document.body.replaceChildren());

const mount = async (message: HouseMessage | Error, hass: Partial<HomeAssistant> = {}, config = {}): Promise<HouseCard> => {
  const fake = fakeHass(hass);
  fake.answers["proof_of_heat/house/get"] = message;
  const card = document.createElement(TAG) as HouseCard;
  card.setConfig({ type: `custom:${TAG}`, ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
  return card;
};
const text = (card: HouseCard): string => (card.shadowRoot?.textContent ?? "").replace(/\s+/g, " ");

describe("house report", () => {
  it("shows each value with its uncertainty and what it means now", async () => {
    const card = await mount(data());
    for (const part of [
      "Learned from 14 days, used for planning",
      "215 W/K",
      "95% certain: 201 to 229 W/K",
      "4.3 kW at 1 °C outdoors",
      "61 h",
      "6.1 m²",
      "3.1 kW in sunshine of 500 W/m²",
    ]) expect(text(card)).toContain(part);
  });
  it("compares the backtest with a room that stays as it is", async () => {
    const card = await mount(data());
    expect([...(card.shadowRoot?.querySelectorAll("td") ?? [])].map((cell) => cell.textContent?.trim())).toEqual([
      "3 h", "0.12 K", "0.31 K", "12 h", "0.24 K", "0.62 K",
    ]);
    expect(card.shadowRoot?.querySelectorAll("td.good")).toHaveLength(2);
    const worse = await mount(data({ backtest: [{ hours: 3, error_k: 0.5, unchanged_k: 0.3 }] }));
    expect(worse.shadowRoot?.querySelectorAll("td.good")).toHaveLength(0);
    expect(text(card)).toContain("COP 3.1");
  });
  it("distinguishes a drift from noise", async () => {
    expect(text(await mount(data()))).toContain("Unchanged within its uncertainty over 40 days (+4 W/K, +2%)");
    const drifted = data({ drift: { days: 40, change_w_k: -40, percent: -16, significant: true } });
    expect(text(await mount(drifted))).toContain("Changed by -40 W/K (-16%) in 40 days.");
    expect(text(await mount(data({ drift: null })))).toContain("A change is shown after three weeks.");
    expect(text(await mount(data({ loss_history: [] })))).not.toContain("Heat loss over time");
  });
  it("converts to °F", async () => {
    const config = { unit_system: { temperature: "°F" }, time_zone: "Europe/Berlin", currency: "USD" };
    const card = await mount(data(), { config });
    for (const part of ["119 W/°F", "4.3 kW at 34 °F outdoors", "0.22 °F"]) expect(text(card)).toContain(part);
  });
  it("shows the progress before anything is learned", async () => {
    const none = { loss_w_k: null, time_constant_h: null, solar_gain_m2: null };
    const learning = { trusted: false, learned: false, progress: 40, hours: 4, expected: "2026-01-15T18:00:00+00:00", error_k: null, limit_k: 0.8 };
    const card = await mount(data({ values: none, learning, backtest: [], import: { status: "importing", reason: null, expected_end: null, days_imported: 3 } }));
    expect(text(card)).toContain("First values in about 6 h");
    expect(text(card)).toContain("3 recorded days were read.");
    expect(card.shadowRoot?.querySelector("progress")?.getAttribute("value")).toBe("40");
  });
  it.each([
    ["sources", "Your heat sources or their power sensors changed. The history is read again."],
    ["rooms", "Your room temperature sensors changed. The history is read again."],
    ["outdoor", "Your outdoor temperature sensor changed. The history is read again."],
  ] as const)("shows that the history is read again because of the %s", async (reason, shown) => {
    const read = { reason, expected_end: null, days_imported: 3 };
    expect(text(await mount(data({ import: { status: "importing", ...read } })))).toContain(shown);
    expect(text(await mount(data({ import: { status: "done", ...read } })))).not.toContain(shown);
  });
  it("leaves out what is unknown", async () => {
    const values = { loss_w_k: { value: 200, sd: null }, time_constant_h: null, solar_gain_m2: { value: 5, sd: 1 } };
    const card = await mount(data({ values, outdoor_c: null, full_power_w: null, full_load_cop: null, learning: { ...data().learning, trusted: false, limit_k: null } }));
    expect(text(card)).toContain("Time constant–");
    expect(text(card)).not.toContain("outdoors");
    expect(text(card)).not.toContain("full load");
    expect(text(card)).toContain("not accurate enough for planning yet");
  });
  it("says why it is empty, and has a form", async () => {
    expect(text(await mount({ available: false }))).toContain("The heating system is not loaded.");
    expect(text(await mount(Object.assign(new Error("x"), { name: "unknown_command" })))).toContain("Heating system not found");
    expect(readConfig(HouseCard.getStubConfig())).toBeTruthy();
    expect(() => readConfig({ type: TAG, title: 1 })).toThrow("title must be a text");
    expect(HouseCard.getConfigForm().schema).toHaveLength(2);
    const card = await mount(data(), {}, { title: "My house" });
    expect(text(card)).toContain("My house");
    expect([card.getCardSize(), card.getGridOptions().min_columns]).toEqual([6, 6]);
  });
});
