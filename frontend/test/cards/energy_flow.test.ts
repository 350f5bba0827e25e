import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { EnergyFlowCard } from "../../src/cards/energy-flow/card.js";
import { readConfig } from "../../src/cards/energy-flow/config.js";
import { TAG, type EnergyFlow, type EnergyFlowMessage } from "../../src/cards/energy-flow/const.js";
import { BAR, fitted, LABEL, layout } from "../../src/cards/energy-flow/layout.js";
import { periodName } from "../../src/cards/energy-flow/period.js";
import type { HomeAssistant } from "../../src/lib/types.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";

const GET = "proof_of_heat/energy_flow/get";
const data = (changes: Partial<EnergyFlow> = {}): EnergyFlow => ({
  available: true,
  entry_id: "entry-1",
  name: "House",
  currency: "EUR",
  period: "day",
  offset: 0,
  begin: "2026-01-14T23:00:00+00:00",
  end: "2026-01-15T23:00:00+00:00",
  recorded: true,
  recorded_from: "2026-01-14T23:00:00+00:00",
  nodes: [
    { id: "grid", column: 0, name: null, kind: "grid" },
    { id: "ambient", column: 0, name: null, kind: "ambient" },
    { id: "p", column: 1, name: "Vitocal 16", kind: "heat_pump" },
    { id: "m", column: 1, name: "Miner in the office of the upper floor", kind: "miner" },
    { id: "rooms", column: 2, name: null, kind: "rooms" },
    { id: "zone:o", column: 2, name: "Office", kind: "zone" },
  ],
  flows: [
    { from: "grid", to: "p", kwh: 4, estimated: false },
    { from: "ambient", to: "p", kwh: 8, estimated: false },
    { from: "p", to: "rooms", kwh: 12, estimated: false },
    { from: "grid", to: "m", kwh: 3, estimated: true },
    { from: "m", to: "zone:o", kwh: 3, estimated: true },
  ],
  unknown: [],
  cost: 1.234,
  revenue: [{ source: "m", value: 0.4, complete: true }],
  ...changes,
});

beforeAll(async () => {
  await import("../../src/entries/proof_of_heat.js");
});
afterEach(() => document.body.replaceChildren());

const mount = async (
  message: EnergyFlowMessage | Error,
  config: Record<string, unknown> = {},
  hass: Partial<HomeAssistant> = {},
): Promise<{ card: EnergyFlowCard; fake: FakeHass }> => {
  const fake = fakeHass(hass);
  fake.answers[GET] = message;
  const card = document.createElement(TAG) as EnergyFlowCard;
  card.setConfig({ type: `custom:${TAG}`, ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
  return { card, fake };
};
const text = (card: EnergyFlowCard): string => (card.shadowRoot?.textContent ?? "").replace(/\s+/g, " ");
const click = async (card: EnergyFlowCard, selector: string): Promise<void> => {
  card.shadowRoot?.querySelector<HTMLButtonElement>(selector)?.click();
  await settle();
};

describe("layout", () => {
  const { nodes, flows } = data();
  it("gives each bar the height of its energy, and its label a place above it", () => {
    const { bars, height } = layout(nodes, flows, 600);
    const of = (id: string) => bars.find(({ node }) => node.id === id);
    expect((of("p")?.height ?? 0) / (of("m")?.height ?? 1)).toBeCloseTo(4);
    expect(bars.map(({ x }) => x)).toEqual([0, 0, 295, 295, 590, 590]);
    for (const column of [0, 1, 2]) {
      const own = bars.filter(({ node }) => node.column === column).sort((a, b) => a.y - b.y);
      own.forEach((bar, index) => {
        expect(bar.y - LABEL).toBeGreaterThanOrEqual(index ? (own[index - 1]?.y ?? 0) + (own[index - 1]?.height ?? 0) : 0);
      });
      expect(Math.max(...own.map((bar) => bar.y + bar.height))).toBeLessThanOrEqual(height);
    }
  });
  it("says which sums are estimates: one measured side is enough", () => {
    const estimated = new Map(layout(nodes, flows, 600).bars.map((bar) => [bar.node.id, bar.estimated]));
    expect(Object.fromEntries(estimated)).toEqual({ grid: true, ambient: false, p: false, m: true, rooms: false, "zone:o": true });
    const split = [{ from: "grid", to: "p", kwh: 3, estimated: true }, { from: "p", to: "rooms", kwh: 3, estimated: false }];
    expect(layout(nodes, split, 600).bars.find(({ node }) => node.id === "p")?.estimated).toBe(false);
  });
  it("joins the bars without a gap and draws nothing without energy", () => {
    const { ribbons } = layout(nodes, flows, 600);
    expect(ribbons).toHaveLength(5);
    expect(ribbons[0]?.path.startsWith(`M${BAR} ${LABEL}`)).toBe(true);
    expect(layout([], [], 300)).toEqual({ height: 0, bars: [], ribbons: [] });
  });
  it("shortens a name that does not fit", () => {
    expect(fitted("Vitocal 16", 200)).toBe("Vitocal 16");
    expect(fitted("MicroBT M50S VH30", 64)).toBe("MicroBT M…");
  });
});

describe("period", () => {
  const { hass } = fakeHass();
  it.each([
    ["day", 0, "2026-01-14T23:00:00+00:00", "Today"],
    ["day", 1, "2026-01-13T23:00:00+00:00", "Yesterday"],
    ["day", 3, "2026-01-11T23:00:00+00:00", "Mon, Jan 12"],
    ["month", 0, "2025-12-31T23:00:00+00:00", "This month"],
    ["month", 2, "2025-10-31T23:00:00+00:00", "November 2025"],
    ["hour", 0, "2026-01-15T12:00:00+00:00", "13:00–14:00"],
  ] as const)("%s, %i back", (period, offset, begin, name) => {
    const end = new Date(Date.parse(begin) + 3_600_000).toISOString();
    expect(periodName(hass, { period, offset, begin, end })).toBe(name);
  });
  it("follows the language and the 12-hour clock", () => {
    const locale = (language: string, time_format = "24") => ({ ...hass, locale: { ...hass.locale, language, time_format } });
    const day = { period: "day" as const, offset: 0, begin: "2026-01-14T23:00:00Z", end: "2026-01-15T23:00:00Z" };
    expect(["de", "fi", "ru"].map((language) => periodName(locale(language), day))).toEqual(["Heute", "Tänään", "Сегодня"]);
    const hour = { period: "hour" as const, offset: 0, begin: "2026-01-15T12:00:00Z", end: "2026-01-15T13:00:00Z" };
    expect(periodName(locale("en", "12"), hour).replace(/\s/g, " ")).toBe("1:00 PM–2:00 PM");
  });
});

describe("energy flow card", () => {
  it("shows bars with their energy, marks estimates, and adds cost and mining revenue", async () => {
    const { card, fake } = await mount(data());
    expect(fake.sent).toEqual([{ type: GET, period: "day", offset: 0 }]);
    for (const part of ["Grid", "Environment", "Vitocal 16", "12.0 kWh", "≈ 3.0 kWh · +€0.40", "Office", "Cost of heat", "€1.23"]) {
      expect(text(card)).toContain(part);
    }
    expect(card.shadowRoot?.querySelectorAll("path.ribbon")).toHaveLength(5);
    expect(card.shadowRoot?.querySelectorAll('path[mask="url(#estimated)"]')).toHaveLength(2);
    expect(text(card)).toContain("Grid → Vitocal 16: 4.0 kWh");
    expect(card.shadowRoot?.querySelector("svg")?.getAttribute("aria-label")).toContain("Office ≈ 3.0 kWh");
    expect(text(card)).not.toContain("Recorded from");
  });
  it("asks for another period, and goes back and forth", async () => {
    const { card, fake } = await mount(data(), { entry_id: "e", period: "hour" });
    await click(card, ".periods button:nth-child(3)");
    await click(card, ".step");
    await click(card, ".step:last-child");
    const asked = fake.sent.map(({ period, offset, entry_id }) => [period, offset, entry_id]);
    expect(asked).toEqual([["hour", 0, "e"], ["month", 0, "e"], ["month", 1, "e"], ["month", 0, "e"]]);
    expect(card.shadowRoot?.querySelector<HTMLButtonElement>(".step:last-child")?.disabled).toBe(true);
  });
  it("names what is not counted, and since when there are records", async () => {
    const { card } = await mount(data({ unknown: ["Boiler"], recorded_from: "2026-01-15T12:00:00+00:00", cost: null, revenue: [{ source: "m", value: 0.1, complete: false }] }));
    expect(text(card)).toContain("Not counted: Boiler");
    expect(text(card)).toContain("Recorded from");
    expect(text(card)).toContain("≥ €0.10");
    expect(text(card)).not.toContain("Cost of heat");
  });
  it.each([
    [data({ nodes: [], flows: [], recorded_from: null }), "Nothing was counted in this period"],
    [data({ nodes: [], flows: [], recorded: false, recorded_from: null }), "Home Assistant does not record"],
    [{ available: false } as const, "The heating system is not loaded."],
    [Object.assign(new Error("unknown"), { name: "not_found" }), "Heating system not found"],
    [Object.assign(new Error("The database is locked"), { name: "unknown_error" }), "The database is locked"],
  ])("says why it is empty (%#)", async (message, words) => {
    expect(text((await mount(message)).card)).toContain(words);
  });
  it("has a valid stub, a form and a size; an invalid configuration is refused", async () => {
    expect(readConfig(EnergyFlowCard.getStubConfig())).toBeTruthy();
    expect(() => readConfig({ type: TAG, entry_id: 1 })).toThrow("entry_id must be a text");
    expect(() => readConfig({ type: TAG, period: "year" })).toThrow("period must be one of");
    const form = EnergyFlowCard.getConfigForm();
    expect(form.schema.map((field) => form.computeLabel(field))).toEqual(["Heating system", "Title", "Period shown first"]);
    const { card } = await mount(data(), { title: "Flows" });
    expect(text(card)).toContain("Flows");
    expect([card.getCardSize(), card.getGridOptions().min_columns]).toEqual([7, 6]);
  });
});
