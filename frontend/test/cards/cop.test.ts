import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { CopCard, medianNear } from "../../src/cards/cop/card.js";
import { readConfig } from "../../src/cards/cop/config.js";
import { TAG, type CopData, type CopMessage } from "../../src/cards/cop/const.js";
import { fakeHass, settle } from "../fake_hass.js";

const data = (changes: Partial<CopData> = {}): CopData => ({
  available: true,
  entry_id: "entry-1",
  name: "House",
  time: "2026-01-15T12:00:00+00:00",
  outdoor_c: 3,
  now: 3.9,
  day: 4.12,
  month: null,
  season: 4.4,
  hours: Array.from({ length: 20 }, (_, index) => [index - 6, 3 + index / 10, 35]),
  line: [[-15, 2.4], [0, 3.6], [10, 4.6]],
  ...changes,
});

beforeAll(async () => {
  await import("../../src/entries/proof_of_heat.js");
});
afterEach(() => document.body.replaceChildren());

const mount = async (message: CopMessage, config: Record<string, unknown> = {}): Promise<CopCard> => {
  const fake = fakeHass();
  const card = document.createElement(TAG) as CopCard;
  card.setConfig({ type: `custom:${TAG}`, ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
  fake.subscriptions[0]?.push(message);
  await settle();
  return card;
};
const text = (card: CopCard): string => (card.shadowRoot?.textContent ?? "").replace(/\s+/g, " ");

describe("COP card", () => {
  it("explains the line of the present outdoor temperature, if it is within the axis", async () => {
    const legend = async (outdoor_c: number | null): Promise<string> =>
      (await mount(data({ outdoor_c }))).shadowRoot?.querySelector(".legend")?.textContent ?? "";
    expect(await legend(3)).toContain("Now");
    expect(await legend(null)).not.toContain("Now");
    expect(await legend(-20)).not.toContain("Now");
  });
  it("shows the sums that are known", async () => {
    const card = await mount(data());
    expect(text(card)).toContain("Today4.1365 days4.4");
    expect(text(card)).not.toMatch(/This month|–|appears after/);
  });
  it("says when the first sum appears", async () => {
    const card = await mount(data({ day: null, season: null }));
    expect(text(card)).toContain("COP of today appears after the heat pump has run for about an hour.");
    expect(card.shadowRoot?.querySelector(".tile")).toBeNull();
    expect(text(await mount(data({ day: null, hours: [], line: [] })))).not.toContain("appears after");
  });
  it("draws each hour and the learned line, and describes both ends in words", async () => {
    const card = await mount(data());
    expect(card.shadowRoot?.querySelectorAll("circle").length).toBe(20);
    expect(card.shadowRoot?.querySelectorAll("path").length).toBe(1);
    expect(card.shadowRoot?.querySelector("svg")?.getAttribute("aria-label")).toBe("COP by outdoor temperature: 3.2\u00a0at -6\u00a0°C, 4.8\u00a0at 13\u00a0°C");
  });
  it("says what is missing", async () => {
    const card = await mount(data({ hours: [[1, 3, null]], line: [] }));
    expect(text(card)).toContain("No measured hours yet");
    expect(card.shadowRoot?.querySelector("svg")).toBeNull();
    expect(text(await mount({ available: false }))).toContain("The heating system is not loaded.");
  });
  it("shows the learned line before there are hours", async () => {
    const card = await mount(data({ hours: [], outdoor_c: null }), { title: "Vitocal" });
    expect(card.shadowRoot?.querySelectorAll("circle").length).toBe(0);
    expect(text(card)).toContain("Vitocal");
    expect(text(card)).not.toContain("Measured hours");
  });
  it("has a valid stub, a form and a size", async () => {
    expect(readConfig(CopCard.getStubConfig())).toBeTruthy();
    expect(() => readConfig({ type: TAG, title: 1 })).toThrow("title must be a text");
    expect(CopCard.getConfigForm().schema).toHaveLength(2);
    const card = await mount(data());
    expect([card.getCardSize(), card.getGridOptions().min_columns]).toEqual([6, 6]);
  });
  it("the median is that of similar outdoor temperatures", () => {
    expect(medianNear([[0, 3, null], [2, 5, null], [1, 4, null], [20, 9, null]], 1)).toBe(4);
    expect(medianNear([[0, 3, null]], 10)).toBeNull();
  });
});
