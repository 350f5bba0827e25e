import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import "../../src/entries/smart_outlet.js";
import type { OutletPanelCard } from "../../src/cards/outlet-panel/card.js";
import { HOLD_MS } from "../../src/cards/outlet-panel/hold.js";
import { merge, parseAmperes, type Hub, type Outlet, type Panels } from "../../src/cards/outlet-panel/state.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";

const socket = (changes: Record<string, unknown> = {}): Outlet["sockets"]["a"] => ({
  entity_id: "switch.kitchen_a",
  is_on: true,
  pending: null,
  current_ma: 1500,
  power_w: 345,
  tripped: false,
  over_threshold: false,
  protected: false,
  can_control: true,
  ...changes,
});
const outlet = (changes: Record<string, unknown> = {}): Outlet => ({
  device_id: "FE",
  name: "Kitchen",
  location: "",
  online: true,
  threshold: 10000,
  is_overload: false,
  can_set_threshold: true,
  sockets: { a: socket(), b: socket({ is_on: false, current_ma: 0, power_w: 0, protected: true }) },
  ...changes,
});
const hub = (changes: Record<string, unknown> = {}): Hub => ({
  name: "Unit 01",
  online: true,
  main_current: 8000,
  main_power_w: 1840,
  main_threshold: 16000,
  over_main_threshold: false,
  is_sum: false,
  alerts: 0,
  active_alerts: 0,
  outlets: ["FE"],
  cut: null,
  restorable: [],
  can_switch_off: true,
  can_dismiss: true,
  can_set_threshold: true,
  ...changes,
});

describe("the state", () => {
  it("keeps the order of the hub and drops removed outlets", () => {
    let panels: Panels = merge({}, { entry_id: "h", outlet: outlet() });
    panels = merge(panels, { entry_id: "h", hub: hub({ outlets: [] }) });
    expect(panels.h?.outlets).toEqual({});
  });

  it("reads amperes in both notations; text that is not a number is an error, empty means no limit", () => {
    expect([parseAmperes("2.5"), parseAmperes("2,5"), parseAmperes(""), parseAmperes("-1"), parseAmperes("x")]).toEqual([
      2500, 2500, 0, undefined, undefined,
    ]);
  });
});

describe("the card", () => {
  let fake: FakeHass;
  let card: OutletPanelCard;
  const push = async (message: Record<string, unknown>): Promise<void> => {
    fake.subscriptions.at(-1)?.push({ entry_id: "h", ...message });
    await settle();
  };
  const all = (selector: string): HTMLElement[] => [...card.renderRoot.querySelectorAll<HTMLElement>(selector)];
  const find = <T extends HTMLElement>(selector: string): T => {
    const found = card.renderRoot.querySelector<T>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  };
  const text = (selector: string): string => find(selector).textContent?.replace(/\s+/g, " ").trim() ?? "";

  beforeEach(async () => {
    fake = fakeHass();
    fake.answers["smart_outlet/alerts"] = { alerts: [] };
    card = document.createElement("smart-outlet-panel") as OutletPanelCard;
    card.setConfig({ type: "custom:smart-outlet-panel" });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
    await push({ hub: hub() });
    await push({ outlet: outlet() });
    fake.sent.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
    card.remove();
  });

  it("shows current and power, the protected mark and the main breaker against its limit", () => {
    expect(find(".socket").getAttribute("aria-label")).toBe("Kitchen A: On, 1.50 A, 345 W");
    expect(all(".socket")[1]?.getAttribute("aria-label")).toBe("Kitchen B: Off, 0.00 A, 0 W, Protected");
    expect(find("[role=meter]").getAttribute("aria-valuetext")).toBe("8.00 A · 1.8 kW");
    expect(find<HTMLElement>(".meter i").style.inlineSize).toBe("50%");
  });

  it("shows unknown values as unknown, and offline outlets", async () => {
    await push({ outlet: outlet({ online: false, sockets: { a: socket({ is_on: null }), b: socket() } }) });
    expect(find(".socket").getAttribute("aria-label")).toBe("Kitchen A: Offline, –, –");
    expect(text(".title .chip")).toBe("Offline");
    await push({ outlet: outlet({ sockets: { a: socket({ is_on: null, current_ma: 0, power_w: 0 }), b: socket() } }) });
    expect(text(".socket .state")).toBe("Unknown");
  });

  it("marks a tripped socket and one over the threshold with words", async () => {
    const sockets = { a: socket({ tripped: true, current_ma: null, power_w: null }), b: socket({ over_threshold: true }) };
    await push({ outlet: outlet({ is_overload: true, sockets }) });
    expect(all(".socket .state").map((each) => each.textContent)).toEqual(["Tripped", "Threshold exceeded"]);
    expect(all(".socket").map((each) => each.classList.contains("on"))).toEqual([false, true]);
    expect(all(".socket").map((each) => each.getAttribute("aria-checked"))).toEqual(["false", "true"]);
    find(".socket").click();
    await settle();
    expect(fake.sent.at(-1)?.on).toBe(true);
    expect(text(".title .chip")).toBe("Overload");
  });

  it("switches a socket and shows that the command is open", async () => {
    find(".socket").click();
    await settle();
    expect(fake.sent).toEqual([{ type: "smart_outlet/switch", entry_id: "h", device_id: "FE", socket: "a", on: false }]);
    await push({ outlet: outlet({ sockets: { a: socket({ pending: false }), b: socket() } }) });
    expect(find(".socket .state").textContent).toBe("Switching…");
    fake.sent.length = 0;
    find(".socket").click();
    await settle();
    expect(fake.sent[0]?.on).toBe(true);
  });

  it("edits a limit in amperes", async () => {
    find(".outlet button.limit").click();
    await card.updateComplete;
    await Promise.resolve();
    expect((card.renderRoot as ShadowRoot).activeElement).toBe(find(".edit input"));
    await settle();
    find<HTMLInputElement>(".edit input").value = "6,5";
    find("form").dispatchEvent(new Event("submit"));
    await settle();
    expect(fake.sent).toEqual([{ type: "smart_outlet/set_threshold", entry_id: "h", device_id: "FE", threshold: 6500 }]);
    find(".breaker button.limit").click();
    await settle();
    find<HTMLInputElement>(".edit input").value = "many";
    find("form").dispatchEvent(new Event("submit"));
    await settle();
    expect(text(".live")).toBe("The threshold must be a number of amperes.");
    find<HTMLInputElement>(".edit input").value = "20";
    find("form").dispatchEvent(new Event("submit"));
    await settle();
    expect(fake.sent.at(-1)).toEqual({ type: "smart_outlet/set_main_threshold", entry_id: "h", threshold: 20000 });
  });

  it("lists alerts and dismisses one or all", async () => {
    const alert = (id: string): Record<string, unknown> => ({
      id,
      entry_id: "h",
      message: `Kitchen: ${id}`,
      created: "2026-01-01T10:00:00Z",
      kind: "overload",
    });
    fake.answers["smart_outlet/alerts"] = { alerts: [alert("x"), alert("y")] };
    await push({ hub: hub({ alerts: 2 }) });
    expect(all(".alerts li")).toHaveLength(3);
    fake.answers["smart_outlet/alerts"] = { alerts: [alert("y")] };
    find(".alerts button").click();
    await settle();
    expect(fake.sent).toContainEqual({ type: "smart_outlet/dismiss_alert", entry_id: "h", alert_id: "x" });
    expect(all(".alerts li")).toHaveLength(1);
  });

  it("says when an alert ended, as soon as it did", async () => {
    const alert = (cleared: string | null): Record<string, unknown> => ({
      id: "x",
      entry_id: "h",
      message: "Kitchen: x",
      created: "2026-01-01T10:00:00Z",
      cleared,
      kind: "overload",
    });
    const times = async (cleared: string | null, active: number): Promise<number> => {
      fake.answers["smart_outlet/alerts"] = { alerts: [alert(cleared)] };
      await push({ hub: hub({ alerts: 1, active_alerts: active }) });
      return text(".alerts small").split(" – ").length;
    };
    expect(await times(null, 1)).toBe(1);
    expect(await times("2026-01-01T10:05:00Z", 0)).toBe(2);
    expect(await times("2026-01-01T10:00:00Z", 1)).toBe(1);
  });

  it("a press on one alert never dismisses another one that took its place", async () => {
    const alert = (id: string): Record<string, unknown> => ({ id, entry_id: "h", message: id, created: "2026-01-01T10:00:00Z", kind: "overload" });
    fake.answers["smart_outlet/alerts"] = { alerts: [alert("seen")] };
    await push({ hub: hub({ alerts: 1 }) });
    const pressed = find(".alerts button");
    fake.answers["smart_outlet/alerts"] = { alerts: [alert("new"), alert("seen")] };
    await push({ hub: hub({ alerts: 2 }) });
    expect(all(".alerts button").slice(0, 2)).toHaveLength(2);
    expect(find(".alerts button")).not.toBe(pressed);
    fake.sent.length = 0;
    pressed.click();
    await settle();
    expect(fake.sent.filter(({ alert_id }) => alert_id === "new")).toEqual([]);
  });

  it("switches everything off only after the button was held, by pointer and by key", async () => {
    const off = find(".danger");
    const captured = vi.fn();
    off.setPointerCapture = captured;
    vi.useFakeTimers();
    off.dispatchEvent(new PointerEvent("pointerdown", { pointerId: 7 }));
    expect(captured).toHaveBeenCalledWith(7);
    vi.advanceTimersByTime(HOLD_MS - 50);
    off.dispatchEvent(new Event("pointerup"));
    vi.advanceTimersByTime(HOLD_MS);
    expect(fake.sent).toEqual([]);
    off.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    off.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", repeat: true }));
    vi.advanceTimersByTime(HOLD_MS + 10);
    expect(fake.sent).toEqual([{ type: "smart_outlet/switch_everything_off", include_protected: false }]);
    off.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
    vi.advanceTimersByTime(HOLD_MS + 10);
    expect(fake.sent).toHaveLength(1);
  });

  it("shows the result of each socket and switches on again what was on", async () => {
    const cut = { id: "c", finished: false, pending: ["FE/a"], confirmed: [], unreachable: [], protected: ["FE/b"] };
    await push({ hub: hub({ cut }) });
    expect(text(".result")).toBe("Switching everything off… Waiting: Kitchen A Stays on: Kitchen B");
    const done = { ...cut, finished: true, pending: [], confirmed: ["FE/a"] };
    await push({ hub: hub({ cut: done, restorable: ["FE/a"] }) });
    expect(text(".result strong")).toBe("All other sockets are off.");
    await push({ hub: hub({ cut: { ...done, protected: [] }, restorable: ["FE/a"] }) });
    expect(text(".result strong")).toBe("Everything is off.");
    find(".result button").click();
    await settle();
    expect(fake.sent).toEqual([{ type: "smart_outlet/restore", entry_id: "h" }]);
    await push({ hub: hub({ cut: done }) });
    expect(all(".result")).toHaveLength(0);
    await push({ hub: hub({ cut: { ...done, unreachable: ["FD/a"] } }) });
    expect(text(".result strong")).toBe("Not all sockets are confirmed off.");
  });

  it("includes protected sockets only if the user says so", async () => {
    const box = find<HTMLInputElement>(".include input");
    box.checked = true;
    box.dispatchEvent(new Event("change"));
    await settle();
    vi.useFakeTimers();
    find(".danger").dispatchEvent(new Event("pointerdown"));
    vi.advanceTimersByTime(HOLD_MS + 10);
    expect(fake.sent[0]?.include_protected).toBe(true);
  });

  it("has disabled controls for a read-only user", async () => {
    await push({ hub: hub({ can_switch_off: false, can_dismiss: false, can_set_threshold: false }) });
    await push({
      outlet: outlet({ can_set_threshold: false, sockets: { a: socket({ can_control: false }), b: socket({ can_control: false }) } }),
    });
    expect(all("button").every((each) => (each as HTMLButtonElement).disabled)).toBe(true);
    expect(all("button.limit")).toHaveLength(0);
  });

  it("says why something was refused", async () => {
    fake.answers["smart_outlet/switch"] = Object.assign(new Error("power-off in progress"), { name: "x" });
    find(".socket").click();
    await settle();
    expect(text(".live")).toBe("Failed: power-off in progress");
  });
});
