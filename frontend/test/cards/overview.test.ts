import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { HeatingOverviewCard } from "../../src/cards/heating-overview/card.js";
import { readConfig } from "../../src/cards/heating-overview/config.js";
import { TAG, type Overview, type OverviewMessage } from "../../src/cards/heating-overview/const.js";
import type { NextDayChart } from "../../src/cards/heating-overview/next-day.js";
import type { OverridePanel } from "../../src/cards/heating-overview/override-panel.js";
import type { CardConfig } from "../../src/lib/types.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";
import { overview, source } from "./overview_data.js";

beforeAll(async () => {
  await import("../../src/entries/proof_of_heat.js");
});
afterEach(() => document.body.replaceChildren());

interface Mounted {
  card: HeatingOverviewCard;
  fake: FakeHass;
  text: () => string;
  find: (selector: string) => HTMLElement | null | undefined;
  push: (data: OverviewMessage) => Promise<void>;
}

const mount = async (data?: OverviewMessage, config: Partial<CardConfig> = {}, fake = fakeHass()): Promise<Mounted> => {
  const card = document.createElement(TAG) as HeatingOverviewCard;
  card.setConfig({ type: `custom:${TAG}`, ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
  const mounted: Mounted = {
    card,
    fake,
    text: () => (card.shadowRoot?.textContent ?? "").replace(/\s+/g, " "),
    find: (selector) => card.shadowRoot?.querySelector<HTMLElement>(selector),
    push: async (message) => {
      fake.subscriptions.at(-1)?.push(message);
      await settle();
    },
  };
  if (data) await mounted.push(data);
  return mounted;
};

const override = async (data: Partial<Overview> = {}, fake = fakeHass()): Promise<{ panel: OverridePanel; fake: FakeHass; click: (selector: string) => Promise<void> }> => {
  const { find } = await mount(overview(data), {}, fake);
  const panel = find("proof-of-heat-override") as OverridePanel;
  await settle();
  return {
    panel,
    fake,
    click: async (selector) => {
      panel.shadowRoot?.querySelector<HTMLElement>(selector)?.click();
      await settle();
    },
  };
};

describe("in the first minute", () => {
  it("says that it is starting, and not what each source that is not read yet lacks", async () => {
    const limits = ["starting, read-only for the first minute", "Pump: not read yet", "heat sources are 4.3 kW short of the demand"];
    const starting = { state: "starting", limits, notes: ["Bath: no valid room temperature"] };
    const { find, text, push } = await mount(overview({ ...starting, sources: [source({ reason: "not_read" })] }));
    expect(find(".who")?.textContent?.replace(/\s+/g, " ").trim()).toBe("Starting, read-only for the first minute");
    expect(text()).not.toContain("What limits heating");
    expect(text()).toContain("Next 24 hours, no plan yet");
    await push(overview(starting));
    expect(text(), "all sources are read").toContain("Next 24 hours, planned at");
    await push(overview({ state: "heating", limits: ["Pump: minimum off time not reached"] }));
    expect(text()).toContain("What limits heating");
  });
});

describe("the card's contract with Home Assistant", () => {
  it("is in the picker once, with a preview, and is suggested for entities of the system only", async () => {
    const entries = (window.customCards ?? []).filter(({ type }) => type === TAG);
    expect(entries).toHaveLength(1);
    expect(entries[0]?.preview).toBe(true);
    const { hass } = fakeHass();
    hass.entities = {
      "sensor.decision": { entity_id: "sensor.decision", platform: "proof_of_heat", translation_key: "decision" },
      "sensor.other": { entity_id: "sensor.other", platform: "demo", translation_key: "decision" },
    };
    const suggest = entries[0]?.getEntitySuggestion;
    expect(suggest?.(hass, "sensor.decision")).toEqual({ config: { type: `custom:${TAG}` } });
    expect(suggest?.(hass, "sensor.other")).toBeNull();
    expect(suggest?.(hass, "sensor.gone")).toBeNull();
  });
  it("validates its configuration", () => {
    expect(readConfig({ type: TAG, hide: ["ladder"] }).hide).toEqual(["ladder"]);
    expect(() => readConfig({ type: TAG, entry_id: 5 })).toThrow("entry_id must be a text");
    expect(() => readConfig({ type: TAG, hide: "ladder" })).toThrow("hide must be a list");
    expect(() => readConfig({ type: TAG, hide: ["roof"] })).toThrow("roof is not one of");
  });
  it("has a stub configuration that is valid, a form with labels, and a size", async () => {
    expect(readConfig(HeatingOverviewCard.getStubConfig())).toBeTruthy();
    const form = HeatingOverviewCard.getConfigForm();
    expect(form.schema.map((field) => form.computeLabel(field))).toEqual(["Heating system", "Title", "Hide"]);
    expect(form.computeHelper?.({ name: "entry_id", selector: {} })).toContain("first heating system");
    const { card } = await mount();
    expect(card.getGridOptions().columns).toBe(12);
    expect(card.getCardSize()).toBeGreaterThan(3);
  });
  it("subscribes with the user's language and the entry of its configuration", async () => {
    const { fake } = await mount(undefined, { entry_id: "abc" });
    expect(fake.subscriptions[0]?.message).toEqual({ type: "proof_of_heat/overview/subscribe", language: "en", entry_id: "abc" });
  });
});

describe("states", () => {
  it("a source that is switched on and does not heat yet is the headline, with demand and delivered heat beside the cost", async () => {
    const waiting = source({ heating: false, heat: { value: 0, estimated: true } });
    const { text, push } = await mount();
    await push(overview({ sources: [waiting], heat: { value: 0, estimated: true } }));
    expect(text()).toContain("Heat pump: switched on");
    expect(text()).toContain("Heat demand 3.0 kW Delivered ≈ 0 W");
    await push(overview({ sources: [waiting], active: false, state: "off", demand_w: null, heat: { value: null, estimated: true } }));
    expect(text()).toContain("Heating control is off");
    expect(text()).toContain("Heat demand – Delivered –");
  });
  it("loading, not loaded, not found", async () => {
    const { text, push } = await mount();
    expect(text()).toContain("Loading…");
    await push({ available: false });
    expect(text()).toContain("The heating system is not loaded.");
    const refused = fakeHass();
    refused.refuse = { code: "not_found", message: "unknown" };
    expect((await mount(undefined, {}, refused)).text()).toContain("Heating system not found");
    refused.refuse = { code: "home_assistant_error", message: "the disk is full" };
    expect((await mount(undefined, {}, refused)).text()).toContain("the disk is full");
  });
  it("shows what heats, why, cost, savings with interval, and the ladder with reasons", async () => {
    const { text, find } = await mount(overview());
    for (const part of ["Heat pump: 3.2 kW", "Planned for a mild evening", "≈ €0.21/h", "Saved in 30 days", "€38.40 · 31%", "90% certain: €29.10 to €47.20", "8.0 ct/kWh", "More expensive"])
      expect(text()).toContain(part);
    expect(find(".banner")).toBeNull();
  });
  it("says that nothing heats, and that heat is an estimate", async () => {
    const idle = source({ heating: false, commanded: false, reason: "no_demand" });
    expect((await mount(overview({ state: "idle", sources: [idle] }))).text()).toContain("No heat needed");
    expect((await mount(overview({ heat: { value: 3200, estimated: true } }))).text()).toContain("Heat pump: ≈ 3.2 kW");
    expect((await mount(overview({ heat: { value: null, estimated: true } }))).text()).toContain("Heat pump heats");
  });
  it("a source of a few watts runs, and does not heat the home", async () => {
    const small = source({ id: "tiny", name: "Bitaxe", commanded: false, heating: false, running: true, heat: { value: 17, estimated: false }, limits: ["Bitaxe: cannot be controlled"] });
    const { text, push } = await mount(overview({ sources: [source(), small] }));
    expect(text()).toContain("Heat pump: 3.2 kW");
    expect(text()).toContain("Running · 17 W · Cannot be controlled");
    await push(overview({ sources: [{ ...small, commanded: true, limits: [] }] }));
    expect(text()).toContain("Running · 17 W");
    expect(text()).not.toContain("Bitaxe heats");
    await push(overview({ sources: [source({ commanded: false })] }));
    expect(text()).toContain("Running on its own · 3.2 kW");
  });
  it("a source that heats and is not read yet runs: who switched it on is not known", async () => {
    const unread = source({ commanded: false, reason: "not_read", limits: ["Heat pump: not read yet"] });
    const { find } = await mount(overview({ state: "starting", sources: [unread] }));
    expect(find(".rungs .state")?.textContent).toBe("Running · 3.2 kW · Not read yet");
  });
  it("a source that heats and whose counter has not moved yet shows no heat of 0 W", async () => {
    const begins = source({ commanded: false, heat: { value: 0, estimated: true } });
    const { find, push } = await mount(overview({ sources: [begins], heat: { value: 16, estimated: true } }));
    expect(find(".who strong")?.textContent).toBe("Heat pump heats");
    expect(find(".rungs .state")?.textContent).toBe("Running on its own");
    await push(overview({ sources: [begins, source({ id: "boiler", name: "Boiler", heat: { value: 3200, estimated: true } })], heat: { value: 3200, estimated: true } }));
    expect(find(".who strong")?.textContent).toMatch(/Heat pump and Boiler: ≈\s3.2\skW/);
  });
  it("learning has progress and the time left, then the error until it is trusted", async () => {
    const learning = { trusted: false, learned: false, progress: 40, hours: 4, expected: "2026-01-15T18:00:00+00:00", error_k: null, limit_k: 0.8 };
    const { text, find, push } = await mount(overview({ learning, savings: null }));
    expect(text()).toContain("First plan in about 6 h");
    expect((find("progress") as HTMLProgressElement | null)?.getAttribute("value")).toBe("40");
    await push(overview({ learning: { ...learning, learned: true, expected: null, error_k: 1.1 } }));
    expect(text()).toContain("Prediction error 1.1 K; planning starts below 0.8 K");
    expect(text()).not.toContain("Saved in 30 days · ");
  });
  it("savings have progress and the time left before the first complete day", async () => {
    const { text, find, push } = await mount(overview({ savings: null, savings_progress: { progress: 25, expected: "2026-01-17T00:00:00+00:00" } }));
    expect(text()).toContain("Savings After the first complete day, in about 36 h");
    expect(find("progress")?.getAttribute("value")).toBe("25");
    await push(overview({ savings: null, savings_progress: null }));
    expect(find("progress")).toBeNull();
  });
  it("shadow mode looks different, control off and failures have a banner", async () => {
    const { find, text, push } = await mount(overview({ shadow: true, active: false, state: "shadow", savings: { days: 7, saved: 1, low: 0, high: 2, percent: 10, cost: 3, simulated: true } }));
    expect(find("ha-card")?.className).toBe("shadow");
    expect(text()).toContain("Nothing is controlled.");
    expect(text()).toContain("Would have saved in 7 days");
    expect(find("proof-of-heat-override")).toBeNull();
    await push(overview({ active: false, state: "off" }));
    expect(find("ha-card")?.className).toBe("");
    expect(text()).toContain("Heating control is off.");
    await push(overview({ failing: true }));
    expect(text()).toContain("The last control cycle failed.");
    await push(overview({ savings: { days: 13, saved: 8, low: 6, high: 10, percent: 13.6, cost: 51, simulated: true, from_history: true } }));
    expect(text()).toContain("Would have saved in 13 days of history");
  });
  it("unknown values are dashes or words, never zero", async () => {
    const unknown = { value: null, estimated: true };
    const { text } = await mount(overview({ room_c: null, lower_c: null, price_kwh: null, cost_h: unknown, sources: [source({ price_kwh: null, heat: unknown })] }));
    for (const part of ["–", "Electricity price unknown", "Price unknown"]) expect(text()).toContain(part);
    expect(text()).not.toMatch(/\b0\.00/);
  });
  it("a wide card has no empty rows beside the next day", async () => {
    const { find, push } = await mount(overview({ limits: [], notes: [] }));
    const beside = (): string | undefined => find(".next")?.style.getPropertyValue("--beside");
    expect(beside()).toBe("2");
    await push(overview({ limits: ["limit"], notes: [] }));
    expect(beside()).toBe("3");
    await push(overview({ limits: [], notes: [], active: false, sources: [] }));
    expect(beside()).toBe("1");
  });
  it("hides parts, and uses German and Fahrenheit", async () => {
    const fake = fakeHass();
    fake.hass.locale = { ...fake.hass.locale, language: "de", number_format: "decimal_comma" };
    fake.hass.config = { ...fake.hass.config, unit_system: { temperature: "°F" } };
    const { text } = await mount(overview({ limits: ["Vorlauf begrenzt"] }), { hide: ["ladder", "limits"], title: "Mein Haus" }, fake);
    expect(text()).toContain("Mein Haus");
    expect(text()).toContain("69,6 °F");
    expect(text()).not.toContain("Wärmepreis");
    expect(text()).not.toContain("Vorlauf begrenzt");
  });
});

describe("the next 24 hours", () => {
  const chart = async (data: Partial<Overview> = {}): Promise<{ element: NextDayChart; slider: HTMLElement; text: () => string }> => {
    const { find } = await mount(overview(data));
    const element = find("proof-of-heat-next-day") as NextDayChart;
    await element.updateComplete;
    const slider = element.shadowRoot?.querySelector<HTMLElement>("[role=slider]") as HTMLElement;
    return { element, slider, text: () => slider.getAttribute("aria-valuetext") ?? "" };
  };
  const press = async (element: NextDayChart, slider: HTMLElement, key: string): Promise<void> => {
    slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await element.updateComplete;
  };

  it("is read with the keyboard", async () => {
    const { element, slider, text } = await chart();
    await press(element, slider, "Home");
    expect(text()).toBe("13:00: Room 20.9 °C, Heat 2.0 kW, Electricity price 20.0 ct/kWh, Outdoors 2.0 °C");
    await press(element, slider, "PageUp");
    await press(element, slider, "ArrowRight");
    expect(text()).toMatch(/^14:15: /);
    await press(element, slider, "End");
    expect(text()).toMatch(/^12:45: .*≈ /);
    expect(slider.getAttribute("aria-valuenow")).toBe("95");
    await press(element, slider, "ArrowRight");
    expect(slider.getAttribute("aria-valuenow")).toBe("95");
    await press(element, slider, "Home");
    expect(slider.getAttribute("aria-valuenow")).toBe("0");
    await press(element, slider, "x");
    expect(slider.getAttribute("aria-valuenow")).toBe("0");
  });
  it("shows as now what the rest of the card shows, not the mean of the first quarter of an hour", async () => {
    const { text } = await chart();
    expect(text()).toBe("13:00: Room 20.9 °C, Heat 3.2 kW, Electricity price 24.0 ct/kWh, Outdoors 2.1 °C");
    expect((await chart({ heat: { value: 3200, estimated: true } })).text()).toContain("Heat ≈ 3.2 kW");
    expect((await chart({ price_kwh: null, outdoor_c: null, heat: { value: null, estimated: true } })).text()).toBe("13:00: Room 20.9 °C");
  });
  it("keeps what a finger has chosen, and returns to now when the mouse leaves", async () => {
    const { element, slider, text } = await chart();
    const now = text();
    slider.getBoundingClientRect = () => ({ left: 0, width: 96 }) as DOMRect;
    const point = async (type: string, pointerType: string): Promise<string> => {
      slider.dispatchEvent(new PointerEvent(type, { clientX: 40, pointerType }));
      await element.updateComplete;
      return text();
    };
    const chosen = await point("pointerdown", "touch");
    expect(chosen).not.toBe(now);
    expect(await point("pointerleave", "touch")).toBe(chosen);
    expect(await point("pointerleave", "mouse")).toBe(now);
  });

  it("draws bars of the planned heat, dashed in shadow mode", async () => {
    const { element } = await chart();
    expect(element.shadowRoot?.querySelectorAll("rect").length).toBe(4);
    expect((await chart({ shadow: true })).element.shadowRoot?.querySelector(".shadowed")).toBeTruthy();
  });
  it("without a plan shows tariff, weather and comfort only", async () => {
    const plain = overview().next_day;
    const { element, slider, text } = await chart({ next_day: plain && { ...plain, plan: null } });
    expect(element.shadowRoot?.querySelectorAll("rect").length).toBe(0);
    await press(element, slider, "Home");
    expect(text()).toBe("13:00: Electricity price 20.0 ct/kWh, Outdoors 2.0 °C");
  });
});

describe("override", () => {
  it("sets the chosen temperature for the chosen time", async () => {
    const { panel, fake, click } = await override();
    await click(".up");
    await click(".up");
    const select = panel.shadowRoot?.querySelector("select") as HTMLSelectElement;
    select.value = "6";
    select.dispatchEvent(new Event("change"));
    await settle();
    await click(".set");
    expect(fake.services).toEqual([
      { domain: "proof_of_heat", service: "override", data: { config_entry_id: "entry-1", temperature: 22, duration: { hours: 6 } } },
    ]);
  });
  it("steps in whole degrees Fahrenheit and sends °C", async () => {
    const fake = fakeHass();
    fake.hass.config = { ...fake.hass.config, unit_system: { temperature: "°F" } };
    const { panel, click } = await override({}, fake);
    expect(panel.shadowRoot?.querySelector("output")?.textContent).toContain("70 °F");
    await click(".down");
    await click(".set");
    expect(fake.services[0]?.data).toMatchObject({ temperature: 20.56 });
  });
  it("shows no end of an override that lasts until it is changed", async () => {
    const item = { zone_id: "living", zone: "Living room", entity_id: "climate.living", profile: "eco", target_c: null, until: null };
    const { panel } = await override({ overrides: [item] });
    expect(panel.shadowRoot?.textContent).toMatch(/Living room: Eco\s/);
    expect(panel.shadowRoot?.textContent).not.toContain("until");
  });
  it("ends the override of a zone alone", async () => {
    const item = { zone_id: "living", zone: "Living room", entity_id: "climate.living", profile: null, target_c: 23, until: "2026-01-15T15:00:00+00:00" };
    const whole = { ...item, zone_id: null, zone: null, entity_id: null, target_c: null, profile: "eco" };
    const { panel, fake, click } = await override({ overrides: [item, whole] });
    expect(panel.shadowRoot?.textContent).toMatch(/Living room: 23.0\s°C until .*16:00/);
    expect(panel.shadowRoot?.textContent).toMatch(/Eco until/);
    expect(panel.shadowRoot?.textContent).toContain("End all");
    await click(".end");
    expect(fake.services[0]).toEqual({ domain: "proof_of_heat", service: "clear_override", data: { config_entry_id: "entry-1", entity_id: "climate.living" } });
  });
  it("is disabled for those who may only read, with the reason", async () => {
    const { panel } = await override({ can_control: false });
    const buttons = [...(panel.shadowRoot?.querySelectorAll("button, select") ?? [])] as HTMLButtonElement[];
    expect(buttons.every(({ disabled }) => disabled)).toBe(true);
    expect(panel.shadowRoot?.textContent).toContain("You do not have permission");
  });
  it("shows a refusal", async () => {
    const fake = fakeHass();
    fake.hass.callService = () => Promise.reject({ code: "unauthorized", message: "Unauthorized" });
    const { panel, click } = await override({}, fake);
    await click(".set");
    expect(panel.shadowRoot?.querySelector("[role=alert]")?.textContent).toBe("Unauthorized");
  });
});
