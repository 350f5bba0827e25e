import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { former } from "../../src/lib/card.js";
import "../../src/entries/iot_heating.js";
import type { WeekScheduleCard } from "../../src/cards/week-schedule/card.js";
import {
  addBlock,
  copyDay,
  dayOrder,
  largestGap,
  moveEdge,
  parseTime,
  placeOf,
  removeBlock,
  sameWeek,
  strength,
  timeField,
  type Block,
  type Week,
} from "../../src/cards/week-schedule/week.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";

const block = (start: number, end: number, target_c: number | null = 21): Block => ({ start, end, target_c, mode: "auto" });
const empty = (): Week => [[], [], [], [], [], [], []];

describe("a week", () => {
  it("gets a block of two hours around the tapped minute, on quarters of an hour", () => {
    const added = addBlock(empty(), 2, 607, { target_c: 20, mode: "eco" });
    expect(added?.week[2]).toEqual([{ start: 540, end: 660, target_c: 20, mode: "eco" }]);
  });

  it("fits a new block between its neighbors, also at the ends of the day", () => {
    const week: Week = [[block(300, 360), block(400, 480)], [], [], [], [], [], []];
    expect(addBlock(week, 0, 380, block(0, 0))?.week[0]?.[1]).toMatchObject({ start: 360, end: 400 });
    expect(addBlock(empty(), 0, 5, block(0, 0))?.week[0]).toMatchObject([{ start: 0, end: 120 }]);
    expect(addBlock(empty(), 0, 1439, block(0, 0))?.week[0]).toMatchObject([{ start: 1320, end: 1440 }]);
    expect(addBlock(week, 0, 310, block(0, 0))).toBeUndefined();
  });

  it("moves an edge to its neighbor and no further, and keeps a quarter of an hour", () => {
    const week: Week = [[block(300, 360), block(400, 480)], [], [], [], [], [], []];
    expect(moveEdge(week, 0, 0, "end", 900)[0]?.[0]?.end).toBe(400);
    expect(moveEdge(week, 0, 1, "start", 0)[0]?.[1]?.start).toBe(360);
    expect(moveEdge(week, 0, 0, "end", 0)[0]?.[0]?.end).toBe(315);
    expect(moveEdge(week, 0, 1, "end", 5000)[0]?.[1]?.end).toBe(1440);
    expect(moveEdge(week, 0, 9, "end", 500)).toBe(week);
  });

  it("colors the warmest target most", () => {
    const week: Week = [[block(0, 60, 17), block(60, 120, 22), block(120, 180, null)], [], [], [], [], [], []];
    expect([17, 19.5, 22, null].map((target) => strength(week, target))).toEqual([16, 30, 44, 34]);
    expect(strength([[block(0, 60, 20)]], 20)).toBe(34);
  });

  it("copies days as they are then, and compares without the order of keys", () => {
    const week: Week = [[block(300, 360)], [], [], [], [], [], []];
    const copied = copyDay(week, 0, [0, 5, 6]);
    expect(copied.map((day) => day.length)).toEqual([1, 0, 0, 0, 0, 1, 1]);
    expect(sameWeek(removeBlock(copied, 0, 0), copied)).toBe(false);
    expect(sameWeek(copied, copied.map((day) => day.map(({ mode, ...rest }) => ({ mode, ...rest }))))).toBe(true);
  });

  it("knows free time, times of fields and the order of days", () => {
    expect(largestGap([block(0, 600), block(700, 1440)])).toEqual({ start: 600, end: 700 });
    expect(largestGap([block(0, 1440)])).toBeUndefined();
    expect([parseTime("00:00", "start"), parseTime("00:00", "end"), parseTime("x", "end")]).toEqual([0, 1440, undefined]);
    expect([timeField(1440), timeField(390)]).toEqual(["00:00", "06:30"]);
    expect(dayOrder("sunday", "en")[0]).toBe(6);
    expect(dayOrder("monday", "en")[0]).toBe(0);
    expect(dayOrder("language", "de")[0]).toBe(0);
  });

  it("finds now in the home's zone, not in the browser's", () => {
    expect(placeOf(new Date("2026-03-01T23:30:00Z"), "Asia/Tokyo")).toEqual({ day: 0, minute: 510 });
    expect(placeOf(new Date("2026-03-01T23:30:00Z"), "Europe/Rome")).toEqual({ day: 0, minute: 30 });
  });
});

describe("the card", () => {
  let fake: FakeHass;
  let card: WeekScheduleCard;

  const push = (changes: Record<string, unknown> = {}): void =>
    fake.subscriptions.at(-1)?.push({
      entry_id: "e1",
      name: "Main house",
      available: true,
      can_control: true,
      revision: 3,
      week: [[block(360, 480, 21.5)], [], [], [], [], [], []],
      mode: "auto",
      enabled: true,
      time_zone: "Europe/Rome",
      ...changes,
    });
  const find = <T extends HTMLElement>(selector: string): T => {
    const found = card.renderRoot.querySelector<T>(selector);
    if (!found) throw new Error(`${selector} is not there`);
    return found;
  };
  const all = (selector: string): HTMLElement[] => [...card.renderRoot.querySelectorAll<HTMLElement>(selector)];
  const button = (text: string): HTMLButtonElement => {
    const found = all("button").find((each) => each.textContent?.trim() === text);
    if (!found) throw new Error(`no button ${text}: ${all("button").map((each) => each.textContent?.trim())}`);
    return found as HTMLButtonElement;
  };
  const make = async (config: Record<string, unknown> = {}, changes: Parameters<typeof fakeHass>[0] = {}): Promise<void> => {
    fake = fakeHass(changes);
    fake.hass.locale.first_weekday ??= "monday";
    card = document.createElement("iot-heating-week-schedule") as WeekScheduleCard;
    card.setConfig({ type: "custom:iot-heating-week-schedule", entity: "calendar.main_house", ...config });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
  };

  beforeEach(() => make());
  afterEach(() => {
    card.remove();
    former.clear();
  });

  it("keeps an unsaved week and its revision when Home Assistant builds the card again", async () => {
    push();
    await settle();
    find(".face").dispatchEvent(new KeyboardEvent("keydown", { key: "Delete", bubbles: true }));
    await settle();
    expect(all(".face")).toHaveLength(0);
    card.remove();
    await make();
    push({ revision: 4, week: [[block(300, 480, 21.5)], [], [], [], [], [], []] });
    await settle();
    expect(all(".face")).toHaveLength(0);
    expect(find("[role=alert]").textContent).toContain("Someone else saved a change");
  });

  it("subscribes by its entity and ends the subscription with the card", async () => {
    expect(fake.subscriptions[0]?.message).toEqual({
      type: "iot_heating/schedule/subscribe",
      entity_id: "calendar.main_house",
    });
    card.remove();
    await settle();
    expect(fake.subscriptions[0]?.ended).toBe(true);
  });

  it("refuses a configuration without a schedule", () => {
    expect(() => card.setConfig({ type: "x" })).toThrow("Select the schedule of a building, or the thermostat of a room.");
    expect(() => card.setConfig({ type: "x", entity: "sensor.x" })).toThrow();
  });

  it("shows blocks with words, not only with colors", async () => {
    push();
    await settle();
    expect(find(".face .sr").textContent).toBe("Monday 06:00–08:00, 21.5 °C, Auto");
    expect(all(".row")).toHaveLength(7);
    expect(all(".now")).toHaveLength(1);
  });

  it("uses Fahrenheit, twelve hours and the user's language", async () => {
    card.remove();
    await make(
      {},
      {
        locale: { language: "de", time_format: "12", number_format: "language", first_weekday: "sunday" },
        config: { unit_system: { temperature: "°F" }, time_zone: "UTC" },
      },
    );
    push();
    await settle();
    expect(find(".face .sr").textContent).toMatch(/^Montag 6:00.AM–8:00.AM, 70,7 °F, Automatik$/);
    expect(find(".day").title).toBe("Sonntag");
  });

  it("saves what was moved by keys, with the revision", async () => {
    push();
    await settle();
    find(".face").click();
    await settle();
    find(".handle.end").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    find(".handle.start").dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown" }));
    await settle();
    expect(find(".handle.end").getAttribute("aria-valuenow")).toBe("495");
    expect(find(".handle.start").getAttribute("aria-valuetext")).toBe("05:00");
    expect(find(".chip").textContent).toBe("Unsaved changes");
    fake.answers["iot_heating/schedule/set"] = { revision: 4 };
    button("Save").click();
    await settle();
    expect(fake.sent).toEqual([
      {
        type: "iot_heating/schedule/set",
        entry_id: "e1",
        revision: 3,
        week: [[{ start: 300, end: 495, target_c: 21.5, mode: "auto" }], [], [], [], [], [], []],
      },
    ]);
    expect(find(".live").textContent).toBe("Saved");
    expect(all(".chip")).toHaveLength(0);
  });

  it("edits by fields, copies and deletes", async () => {
    push();
    await settle();
    find(".face").click();
    await settle();
    const enter = (name: string, value: string): void => {
      const field = find<HTMLInputElement>(`[name=${name}]`);
      field.value = value;
      field.dispatchEvent(new Event("change"));
    };
    enter("target", "19");
    enter("mode", "eco");
    enter("end", "00:00");
    await settle();
    expect(card.draft?.[0]).toEqual([{ start: 360, end: 1440, target_c: 19, mode: "eco" }]);
    button("Copy to weekend").click();
    await settle();
    expect(card.draft?.map((day) => day.length)).toEqual([1, 0, 0, 0, 0, 1, 1]);
    find(".face").dispatchEvent(new KeyboardEvent("keydown", { key: "Delete" }));
    await settle();
    expect(card.draft?.map((day) => day.length)).toEqual([0, 0, 0, 0, 0, 1, 1]);
    button("Undo").click();
    await settle();
    expect(card.draft).toBeUndefined();
  });

  it("adds by a tap on free time and by the keyboard's button", async () => {
    push();
    await settle();
    const bar = all(".bar")[1] as HTMLElement;
    bar.getBoundingClientRect = () => ({ left: 0, width: 1440 }) as DOMRect;
    bar.dispatchEvent(new MouseEvent("click", { clientX: 720 }));
    await settle();
    expect(card.draft?.[1]).toEqual([{ start: 660, end: 780, target_c: 21.5, mode: "auto" }]);
    find('[data-add="2"]').click();
    await settle();
    expect(card.draft?.[2]).toHaveLength(1);
  });

  it("shows a conflict at once when someone else saves, and keeps the draft until the user decides", async () => {
    push();
    await settle();
    find('[data-add="2"]').click();
    push({ revision: 4, week: [[], [], [], [], [], [], [block(0, 60)]] });
    await settle();
    expect(find(".conflict").textContent).toContain("Someone else saved a change");
    expect(card.draft?.[2]).toHaveLength(1);
    button("Save mine anyway").click();
    await settle();
    expect(fake.sent[0]?.revision).toBe(4);
  });

  it("shows a conflict that only the server noticed", async () => {
    push();
    await settle();
    find('[data-add="2"]').click();
    await settle();
    fake.answers["iot_heating/schedule/set"] = Object.assign(new Error("changed"), { name: "conflict" });
    button("Save").click();
    await settle();
    expect(find(".conflict")).toBeTruthy();
    button("Show their change").click();
    await settle();
    expect(card.draft).toBeUndefined();
  });

  it("says why a change was not saved and keeps it", async () => {
    push();
    await settle();
    find('[data-add="2"]').click();
    await settle();
    fake.answers["iot_heating/schedule/set"] = Object.assign(new Error("disk full"), { name: "home_assistant_error" });
    button("Save").click();
    await settle();
    expect(find(".live").textContent).toBe("Not saved: disk full");
    expect(card.draft?.[2]).toHaveLength(1);
  });

  it("has nothing to press when it is read-only or without permission", async () => {
    push({ can_control: false });
    await settle();
    expect(all("button, [role=slider], input")).toHaveLength(0);
    expect(find(".block").getAttribute("aria-label")).toContain("Monday");
    card.setConfig({ type: "x", entity: "calendar.main_house", read_only: true });
    push();
    await settle();
    expect(all("button")).toHaveLength(0);
  });

  it("shows empty, unavailable, overridden and refused states", async () => {
    push({ week: empty() });
    await settle();
    expect(find(".note").textContent).toBe("No heating times yet. Tap a day to add one.");
    push({ available: false, week: undefined });
    await settle();
    expect(find(".note").textContent).toBe("Not available");
    push({ mode: "eco" });
    await settle();
    expect(find(".chip").textContent).toBe("Operating mode: Eco");
    push({ enabled: false });
    await settle();
    expect(find(".chip").textContent).toBe("Heating is off");
    card.remove();
    fake.refuse = { code: "not_found", message: "unknown building" };
    document.body.append(card);
    await settle();
    expect(find(".note").textContent).toContain("This schedule does not exist");
  });

  it("is offered in the picker for schedules of buildings only", () => {
    const entry = window.customCards?.find((each) => each.type === "iot-heating-week-schedule");
    fake.hass.entities["calendar.main_house"] = { entity_id: "calendar.main_house", platform: "iot_heating" };
    expect(entry?.preview).toBe(true);
    expect(entry?.getEntitySuggestion?.(fake.hass, "calendar.main_house")?.config).toEqual({
      type: "custom:iot-heating-week-schedule",
      entity: "calendar.main_house",
    });
    expect(entry?.getEntitySuggestion?.(fake.hass, "calendar.other")).toBeNull();
    const type = customElements.get("iot-heating-week-schedule") as unknown as typeof WeekScheduleCard;
    expect(type.getStubConfig(fake.hass)).toEqual({ entity: "calendar.main_house" });
    expect(type.getConfigForm().schema.map((field) => type.getConfigForm().computeLabel(field))).toEqual([
      "Schedule",
      "Title",
      "Read-only",
    ]);
    expect([card.getCardSize(), card.getGridOptions().rows]).toEqual([7, "auto"]);
  });
});

describe("the card of a room", () => {
  let fake: FakeHass;
  let card: WeekScheduleCard;
  const TAG = "proof-of-heat-week-schedule";
  const WEEK: Week = [[block(360, 480, 21)], [], [], [], [], [], []];

  beforeEach(async () => {
    await import("../../src/entries/proof_of_heat.js");
    fake = fakeHass();
    fake.hass.locale.first_weekday = "monday";
    fake.hass.entities["climate.living"] = { entity_id: "climate.living", platform: "proof_of_heat" };
    card = document.createElement(TAG) as WeekScheduleCard;
    card.setConfig({ type: `custom:${TAG}`, entity: "climate.living" });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
  });
  afterEach(() => {
    card.remove();
    former.clear();
  });
  const push = async (changes: Record<string, unknown> = {}): Promise<void> => {
    fake.subscriptions[0]?.push({
      entry_id: "e1", name: "Living room", available: true, can_control: true, revision: "aa", week: WEEK, mode: "auto",
      enabled: true, time_zone: "Europe/Berlin", comfort_c: 21, follows: null, ...changes,
    });
    await settle();
  };
  const find = (selector: string): HTMLElement | null => card.renderRoot.querySelector<HTMLElement>(selector);

  it("edits times only, and saves them for its thermostat", async () => {
    await push();
    expect(fake.subscriptions[0]?.message).toEqual({ type: "proof_of_heat/schedule/subscribe", entity_id: "climate.living" });
    expect(find(".sr")?.textContent).toBe("Monday 06:00–08:00, 21 °C");
    find(".face")?.click();
    await settle();
    expect([find("input[name=start]") !== null, find("input[name=target]"), find("select[name=mode]")]).toEqual([true, null, null]);
    find(".handle.end")?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    await settle();
    fake.answers["proof_of_heat/schedule/set"] = { revision: "bb" };
    find("button.primary")?.click();
    await settle();
    expect(fake.sent).toEqual([
      { type: "proof_of_heat/schedule/set", entity_id: "climate.living", revision: "aa", week: [[block(360, 495, 21)], [], [], [], [], [], []] },
    ]);
    expect(find(".live")?.textContent).toBe("Saved");
    await push({ revision: "bb", week: [[block(360, 495, 21)], [], [], [], [], [], []] });
    expect(find(".footer")).toBeNull();
  });

  it("says what holds without times of its own, and adds a time at comfort", async () => {
    const week = [[], [], [], [], [], [], []];
    await push({ week });
    expect(find(".note")?.textContent).toContain("always at its comfort temperature");
    await push({ week, follows: "Living times", can_control: false });
    expect(find(".note")?.textContent?.trim()).toBe("This room follows Living times. Times that you save here take precedence.");
    await push({ week, comfort_c: 22.5 });
    find("button.add")?.click();
    await settle();
    expect(card.draft?.[0]).toEqual([block(660, 780, 22.5)]);
  });

  it("is offered for thermostats of rooms only", () => {
    const entry = window.customCards?.find((each) => each.type === TAG);
    expect(entry?.getEntitySuggestion?.(fake.hass, "climate.living")?.config).toEqual({ type: `custom:${TAG}`, entity: "climate.living" });
    expect(entry?.getEntitySuggestion?.(fake.hass, "calendar.main_house")).toBeNull();
    const type = customElements.get(TAG) as unknown as typeof WeekScheduleCard;
    expect(type.getStubConfig(fake.hass)).toEqual({ entity: "climate.living" });
    expect(JSON.stringify(type.getConfigForm().schema[0])).toContain('"integration":"proof_of_heat","domain":"climate"');
    expect(() => card.setConfig({ type: TAG, entity: "calendar.main_house" })).toThrow("thermostat of a room");
  });
});
