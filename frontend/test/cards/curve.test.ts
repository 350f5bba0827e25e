import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { former } from "../../src/lib/card.js";
import { HeatingCurveCard } from "../../src/cards/heating-curve/card.js";
import { readConfig } from "../../src/cards/heating-curve/config.js";
import { TAG, type CurveData, type CurveMessage } from "../../src/cards/heating-curve/const.js";
import type { CurvePlot } from "../../src/cards/heating-curve/plot.js";
import { flowAt } from "../../src/lib/curve.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";

const data = (changes: Partial<CurveData> = {}): CurveData => ({
  available: true,
  entry_id: "entry-1",
  can_control: true,
  name: "House",
  time: "2026-01-15T12:00:00+00:00",
  active: true,
  revision: "r1",
  slope: 0.8,
  level: 2,
  max_flow_c: 45,
  room_c: 20,
  ranges: { slope: [0.1, 3.5], level: [-13, 40], max_flow_c: [25, 80] },
  outdoor_c: 2,
  setpoint_c: 36,
  control_mode: "curve",
  measured: [[1, 35], [3, 33], [-40, 45]],
  suggestion: { slope: 0.7, level: 1, confidence: 0.86, difference_k: 2.4, significant: true },
  devices: [{ name: "Pump", health: "ok", flow_c: 35, slope: null, level: null, command_id: "c1", status: "confirmed", reason: null }],
  ...changes,
});

beforeAll(async () => {
  await import("../../src/entries/proof_of_heat.js");
});
afterEach(() => {
  document.body.replaceChildren();
  former.clear();
});

interface Mounted {
  card: HeatingCurveCard;
  fake: FakeHass;
  plot: () => CurvePlot;
  text: () => string;
  push: (message: CurveMessage) => Promise<void>;
  press: (field: string, ...keys: string[]) => Promise<void>;
  type: (field: string, value: string) => Promise<void>;
  click: (selector: string) => Promise<void>;
  now: (field: string) => string | null | undefined;
}

const mount = async (message: CurveMessage = data(), config: Record<string, unknown> = {}, fake = fakeHass()): Promise<Mounted> => {
  const card = document.createElement(TAG) as HeatingCurveCard;
  card.setConfig({ type: `custom:${TAG}`, ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
  const root = (): ShadowRoot => card.shadowRoot as ShadowRoot;
  const plot = (): CurvePlot => root().querySelector("proof-of-heat-curve-plot") as CurvePlot;
  const handle = (field: string): SVGElement | null | undefined => plot().shadowRoot?.querySelector<SVGElement>(`.handle.${field}`);
  const mounted: Mounted = {
    card,
    fake,
    plot,
    text: () => (root().textContent ?? "").replace(/\s+/g, " "),
    push: async (next) => {
      fake.subscriptions.at(-1)?.push(next);
      await settle();
    },
    press: async (field, ...keys) => {
      for (const key of keys) {
        handle(field)?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        await settle();
      }
    },
    type: async (field, value) => {
      const input = root().querySelector<HTMLInputElement>(`input[name=${field}]`) as HTMLInputElement;
      input.value = value;
      input.dispatchEvent(new Event("change"));
      await settle();
    },
    click: async (selector) => {
      root().querySelector<HTMLElement>(selector)?.click();
      await settle();
    },
    now: (field) => handle(field)?.getAttribute("aria-valuenow"),
  };
  await mounted.push(message);
  return mounted;
};

describe("heating-curve card", () => {
  it("has a valid stub, validates, and offers a form", async () => {
    expect(readConfig(HeatingCurveCard.getStubConfig())).toBeTruthy();
    expect(() => readConfig({ type: TAG, read_only: "yes" })).toThrow("read_only must be true or false");
    expect(() => readConfig({ type: TAG, title: 3 })).toThrow("title must be a text");
    const form = HeatingCurveCard.getConfigForm();
    expect(form.schema.map((field) => form.computeLabel(field))).toEqual(["Heating system", "Title", "Read-only"]);
    const { card, fake } = await mount();
    expect(card.getGridOptions().columns).toBe(12);
    expect(card.getCardSize()).toBe(8);
    expect(fake.subscriptions[0]?.message).toMatchObject({ type: "proof_of_heat/curve/subscribe" });
  });

  it("shows the curve, the present point, measured points within the axis, and the suggestion", async () => {
    const { text, plot } = await mount();
    for (const part of ["Measured last week", "Fits the learned house", "slope 0.70, level 1 K (confidence 86%)", "Confirmed · flow 35.0 °C"])
      expect(text()).toContain(part);
    expect(plot().shadowRoot?.textContent).toContain("flow 36\u00a0°C");
    expect(plot().shadowRoot?.textContent).toContain("Flow temperature (°C)");
    expect(plot().shadowRoot?.querySelectorAll("circle[opacity]").length).toBe(2);
    expect(text()).not.toContain("Unsaved");
  });

  it("writes the present flow temperature where the curve is not", async () => {
    const place = async (changes: Partial<CurveData>): Promise<string> => {
      const { plot } = await mount(data(changes));
      const label = plot().shadowRoot?.querySelector("text.present");
      const dot = plot().shadowRoot?.querySelector("circle[r='5']");
      const above = Number(label?.getAttribute("y")) < Number(dot?.getAttribute("cy"));
      return `${above ? "above" : "below"}, ${label?.getAttribute("text-anchor") === "start" ? "right" : "left"}`;
    };
    const on = flowAt(2, 0.8, 2, 20);
    expect(await place({ outdoor_c: 2, setpoint_c: on })).toBe("above, right");
    expect(await place({ outdoor_c: 2, setpoint_c: on - 0.5 })).toBe("above, right");
    expect(await place({ outdoor_c: 2, setpoint_c: on - 10 })).toBe("below, right");
    expect(await place({ outdoor_c: 12, setpoint_c: 26 })).toBe("below, left");
  });

  it("is changed by the keyboard alone, in steps and within limits", async () => {
    const { press, now, text } = await mount();
    await press("slope", "ArrowUp", "ArrowUp", "ArrowDown");
    expect(now("slope")).toBe("0.85");
    expect(text()).toContain("Unsaved changes");
    await press("slope", "End");
    expect(now("slope")).toBe("3.5");
    await press("level", "PageDown", "ArrowLeft", "ArrowRight");
    expect(now("level")).toBe("-3");
    await press("max_flow_c", "Home");
    expect(now("max_flow_c")).toBe("25");
    await press("level", "Tab");
    expect(now("level")).toBe("-3");
  });

  it("is dragged: the slope through the point under the pointer", async () => {
    const { plot, now } = await mount();
    const handle = plot().shadowRoot?.querySelector(".handle.slope") as SVGElement;
    const at = (type: string, y: number): PointerEvent => new PointerEvent(type, { clientY: y, pointerId: 1, bubbles: true, button: 0 });
    handle.dispatchEvent(at("pointermove", 20));
    await settle();
    expect(now("slope")).toBe("0.8");
    handle.dispatchEvent(at("pointerdown", 60));
    handle.dispatchEvent(at("pointermove", 160));
    await settle();
    const dragged = Number(now("slope"));
    expect(dragged).toBeLessThan(0.8);
    expect(Math.round(dragged / 0.05)).toBeCloseTo(dragged / 0.05);
    handle.dispatchEvent(at("pointerup", 160));
    handle.dispatchEvent(at("pointermove", 20));
    await settle();
    expect(Number(now("slope"))).toBe(dragged);
  });

  it("keeps its axis while the limit is dragged: the handle stays under the pointer", async () => {
    const { plot, now } = await mount();
    const handle = plot().shadowRoot?.querySelector(".handle.max_flow_c") as SVGElement;
    const at = (type: string, y: number): PointerEvent => new PointerEvent(type, { clientY: y, pointerId: 1, bubbles: true, button: 0 });
    const marks = (): unknown => [...(plot().shadowRoot?.querySelectorAll("line.grid") ?? [])].map((line) => line.getAttribute("y1")).join();
    const before = marks();
    handle.dispatchEvent(at("pointerdown", 40));
    const seen: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      handle.dispatchEvent(at("pointermove", 12));
      await settle();
      seen.push(Number(now("max_flow_c")));
    }
    expect(new Set(seen).size).toBe(1);
    expect(marks()).toBe(before);
    handle.dispatchEvent(at("pointermove", -500));
    await settle();
    expect(Number(now("max_flow_c"))).toBeLessThanOrEqual((seen[0] ?? 0) + 2);
    handle.dispatchEvent(at("pointerup", 12));
    await settle();
    expect(marks()).not.toBe(before);
  });

  it("is typed; nonsense is ignored, what is out of range is limited", async () => {
    const { type, now } = await mount();
    await type("slope", "1.23");
    expect(now("slope")).toBe("1.25");
    await type("max_flow_c", "200");
    expect(now("max_flow_c")).toBe("80");
    await type("level", "");
    expect(now("level")).toBe("2");
  });

  it("in Fahrenheit the flow is converted with its offset, the level without", async () => {
    const fake = fakeHass();
    fake.hass.config = { ...fake.hass.config, unit_system: { temperature: "°F" } };
    const { card, type, now } = await mount(data(), {}, fake);
    const value = (field: string): string | undefined => card.shadowRoot?.querySelector<HTMLInputElement>(`input[name=${field}]`)?.value;
    expect([value("slope"), value("level"), value("max_flow_c")]).toEqual(["0.8", "3.6", "113"]);
    await type("max_flow_c", "122");
    await type("level", "9");
    expect([now("max_flow_c"), now("level")]).toEqual(["50", "5"]);
  });

  it("is undone, also by returning to the old values", async () => {
    const { press, click, now, text } = await mount();
    await press("slope", "ArrowUp");
    await click(".undo");
    expect(now("slope")).toBe("0.8");
    await press("slope", "ArrowUp", "ArrowDown");
    expect(text()).not.toContain("Unsaved");
  });

  it("keeps a draft when Home Assistant builds the card again, and only then", async () => {
    const first = await mount(data(), { title: "Kept" });
    await first.press("slope", "ArrowUp");
    const draft = first.now("slope");
    const beside = await mount(data(), { title: "Kept" });
    expect(beside.text()).not.toContain("Unsaved changes");
    beside.card.remove();
    document.body.replaceChildren();
    expect((await mount(data(), { title: "Other" })).text()).not.toContain("Unsaved changes");
    const last = await mount(data(), { title: "Kept" });
    expect(last.now("slope")).toBe(draft);
    expect(last.text()).toContain("Unsaved changes");
  });

  it("is saved with the revision it started from, then waits until the device confirms", async () => {
    const { press, click, fake, text, push } = await mount();
    fake.answers["proof_of_heat/curve/set"] = { revision: "r2" };
    await press("slope", "ArrowUp");
    await press("level", "ArrowUp");
    await click(".save .main");
    expect(fake.sent).toEqual([{ type: "proof_of_heat/curve/set", entry_id: "entry-1", revision: "r1", slope: 0.85, level: 3, max_flow_c: 45 }]);
    expect(text()).toContain("Saved");
    const saved = data({ slope: 0.85, level: 3, revision: "r2" });
    await push(saved);
    expect(text()).toContain("Waiting for confirmation");
    const [device] = saved.devices;
    if (!device) throw new Error("no device");
    await push({ ...saved, devices: [{ ...device, command_id: "c2" }] });
    expect(text()).toContain("Confirmed");
    await push({ ...saved, devices: [{ ...device, command_id: "c3", status: "failed", reason: "rejected by the device" }] });
    expect(text()).toContain("Rejected by the device");
  });

  it("a change by somebody else is a conflict: nothing is overwritten", async () => {
    const { press, click, push, text, now, fake } = await mount();
    await press("slope", "ArrowUp");
    await push(data({ slope: 1.5, revision: "r9" }));
    expect(text()).toContain("Someone else saved a change");
    expect(now("slope")).toBe("0.85");
    await click(".save .main");
    expect(fake.sent).toEqual([]);
    await click(".undo");
    expect(now("slope")).toBe("1.5");
    expect(text()).not.toContain("Someone else");
  });

  it("shows a conflict and an error of the server, and keeps the draft", async () => {
    const { press, click, fake, text, now } = await mount();
    fake.answers["proof_of_heat/curve/set"] = Object.assign(new Error("changed"), { name: "conflict" });
    await press("slope", "ArrowUp");
    await click(".save .main");
    expect(text()).toContain("Someone else saved a change");
    fake.answers["proof_of_heat/curve/set"] = Object.assign(new Error("the disk is full"), { name: "unknown_error" });
    await click(".save .main");
    expect(text()).toContain("the disk is full");
    expect(now("slope")).toBe("0.85");
  });

  it("the suggestion is a draft first", async () => {
    const { click, now, text, fake } = await mount();
    await click(".use");
    expect([now("slope"), now("level")]).toEqual(["0.7", "1"]);
    expect(text()).toContain("Unsaved changes");
    expect(text()).not.toContain("Suggested for your house");
    expect(fake.sent).toEqual([]);
  });

  it("is read only by permission or configuration", async () => {
    const { card, plot, text } = await mount(data({ can_control: false }));
    expect(plot().shadowRoot?.querySelector("[role=slider]")).toBeNull();
    expect([...(card.shadowRoot?.querySelectorAll("input") ?? [])].every(({ disabled }) => disabled)).toBe(true);
    expect(text()).toContain("You do not have permission");
    const own = await mount(data(), { read_only: true, title: "Floor" });
    expect(own.text()).not.toContain("permission");
    expect(own.text()).toContain("Floor");
  });

  it("without data shows what is missing, and control that is off", async () => {
    const { text, push } = await mount({ available: false });
    expect(text()).toContain("The heating system is not loaded.");
    await push(data({ active: false, outdoor_c: null, setpoint_c: null, measured: [], suggestion: null }));
    expect(text()).toContain("Not controlled");
    expect(text()).not.toContain("Measured last week");
  });

  it("has round numbers on both axes, in °F too", async () => {
    const config = { unit_system: { temperature: "°F" }, time_zone: "Europe/Berlin", currency: "USD" };
    for (const changes of [{}, { config }]) {
      const { plot } = await mount(data(), {}, fakeHass(changes));
      const labels = [...(plot().shadowRoot?.querySelectorAll("svg text:not(.axis):not(.present)") ?? [])].map(({ textContent }) => Number(textContent));
      expect(labels.length).toBeGreaterThan(6);
      expect(labels.filter((value) => value % 5 !== 0)).toEqual([]);
    }
  });
});
