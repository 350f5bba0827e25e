import { afterEach, beforeEach, describe, expect, it } from "vitest";
import "../../src/entries/ota.js";
import type { RolloutCard } from "../../src/cards/rollout/card.js";
import { offers, progressOf, uploadOf, verbsOf, type Rollout } from "../../src/cards/rollout/state.js";
import { fakeHass, settle, type FakeHass } from "../fake_hass.js";

const rollout = (changes: Partial<Rollout> = {}): Rollout => ({
  rollout: "r1",
  name: "Heater 2.0",
  product: "heater",
  versions: ["2.0"],
  status: "running",
  pause_reason: null,
  wave: 1,
  waves: 2,
  devices: 12,
  verified: 1,
  failed: 1,
  in_flight: 1,
  gate: "wait",
  gate_reason: "sample",
  gate_details: { members: 4, finished: 2, confirmed: 0, failures: 1, needed: 4, soak_s: 1800, soak_ends: null },
  wave_list: [
    { percent: 30, devices: 4, not_before: null, states: { verified: 1, failed: 1, downloading: 1 } },
    { percent: 100, devices: 8, not_before: null, states: {} },
  ],
  device_list: [
    { device: "d1", name: "Cellar", wave: 1, version: "1.0", state: "failed", progress: null, reason: "boot_loop" },
    { device: "d2", name: "Attic", wave: 1, version: "1.0", state: "downloading", progress: 40, reason: null },
    { device: "d3", name: "Shed", wave: 1, version: "1.0", state: null, progress: null, reason: null },
  ],
  reasons: { boot_loop: 1, "bad flash": 2 },
  ...changes,
});
const release = { release_id: "x", product: "heater", chip: "esp32", version: "3.0", channel: "stable", signed_by: "k", devices: 7 };

describe("the state", () => {
  it("offers the operations of a status", () => {
    expect(verbsOf(rollout())).toEqual(["promote", "pause", "abort"]);
    expect(verbsOf(rollout({ wave: 2 }))).toEqual(["pause", "abort"]);
    expect(verbsOf(rollout({ status: "paused" }))).toEqual(["resume", "retry", "abort", "rollback"]);
    expect(verbsOf(rollout({ status: "succeeded" }))).toEqual([]);
  });

  it("counts a wave", () => {
    expect(progressOf(rollout().wave_list[0]!)).toEqual({ done: 1, failed: 1, busy: 1, open: 1 });
  });

  it("finds image, manifest and signature among dropped files", () => {
    const files = ["a.sig", "a.json", "a.BIN"].map((name) => new File(["x"], name));
    expect(uploadOf(files)?.image.name).toBe("a.BIN");
    expect(uploadOf(files)?.manifest?.name).toBe("a.json");
    expect(uploadOf(files.slice(0, 2))).toBeUndefined();
  });

  it("joins the chips of a version", () => {
    expect(offers([release, { ...release, chip: "esp32c3", devices: 2 }])).toEqual([
      { product: "heater", version: "3.0", devices: 9, chips: ["esp32", "esp32c3"] },
    ]);
  });
});

describe("the card", () => {
  let fake: FakeHass;
  let card: RolloutCard;
  const requests: { path: string; init: RequestInit }[] = [];
  let reply: { status: number; body: Record<string, unknown> };
  const push = async (data: Record<string, unknown>): Promise<void> => {
    fake.subscriptions.at(-1)?.push({ available: true, is_admin: true, rollouts: [rollout()], releases: [release], ...data });
    await settle();
  };
  const all = (selector: string): HTMLElement[] => [...card.renderRoot.querySelectorAll<HTMLElement>(selector)];
  const text = (selector: string): string =>
    card.renderRoot.querySelector(selector)?.textContent?.replace(/\s+/g, " ").trim() ?? `no ${selector}`;
  const button = (label: string): HTMLButtonElement => {
    const found = all("button").find((each) => each.textContent?.trim() === label);
    if (!found) throw new Error(`no button ${label}: ${all("button").map((each) => each.textContent?.trim())}`);
    return found as HTMLButtonElement;
  };

  beforeEach(async () => {
    fake = fakeHass();
    requests.length = 0;
    reply = { status: 201, body: { product: "heater", version: "4.0" } };
    Object.assign(fake.hass, {
      fetchWithAuth: async (path: string, init: RequestInit) => {
        requests.push({ path, init });
        return new Response(JSON.stringify(reply.body), { status: reply.status });
      },
    });
    card = document.createElement("ota-rollouts") as RolloutCard;
    card.setConfig({ type: "custom:ota-rollouts" });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
    await push({});
  });
  afterEach(() => card.remove());

  it("shows waves, the gate and why it waits, and reasons in words", async () => {
    expect(all(".waves li")).toHaveLength(2);
    expect(card.renderRoot.querySelector(".bar")?.getAttribute("aria-label")).toBe(
      "Wave 1: 1\u00a0updated, 1\u00a0failed, 1\u00a0updating, 1\u00a0waiting",
    );
    expect(text(".gate")).toBe("Waiting for results: 2 of 4 devices have finished.");
    expect(all(".reasons li").map((each) => each.textContent)).toEqual([
      "1 × restarted repeatedly after the update",
      "2 × bad flash",
    ]);
    expect(all(".devices li span:last-child").map((each) => each.textContent)).toEqual([
      "Failed: restarted repeatedly after the update",
      "Downloading 40%",
      "Not offered yet",
    ]);
    const soaking = { ...rollout().gate_details, soak_ends: new Date(Date.now() + 60_000).toISOString() };
    await push({ rollouts: [rollout({ gate_reason: "soak", gate_details: soaking })] });
    expect(text(".gate")).toMatch(/^Observing the updated devices until .*\d\d:\d\d\.$/);
    await push({ rollouts: [rollout({ status: "paused", pause_reason: "max_failures" })] });
    expect(text(".gate")).toBe("Paused: maximum number of failures reached.");
    await push({ rollouts: [rollout({ status: "paused" })] });
    expect(text(".gate")).toBe("Paused by a user.");
  });

  it("pauses at once, but asks before it aborts", async () => {
    button("Pause").click();
    await settle();
    expect(fake.sent).toEqual([{ type: "ota/rollout/pause", rollout: "r1" }]);
    button("Abort").click();
    await settle();
    expect(fake.sent).toHaveLength(1);
    button("Press again: Abort").click();
    await settle();
    expect(fake.sent[1]).toEqual({ type: "ota/rollout/abort", rollout: "r1" });
  });

  it("rolls out a release that no rollout has, to a tenth of the devices first", async () => {
    expect(text(".release .name")).toContain("heater 3.0");
    button("Roll out now").click();
    await settle();
    expect(fake.sent).toEqual([
      { type: "ota/rollout/start", product: "heater", version: ["3.0"], strategy: "canary", percent: 10 },
    ]);
    await push({ rollouts: [rollout({ versions: ["3.0"] })] });
    expect(all(".release")).toHaveLength(0);
  });

  const drop = async (...names: string[]): Promise<void> => {
    const event = new Event("drop", { cancelable: true });
    Object.assign(event, { dataTransfer: { files: names.map((name) => new File([`${name}\n`], name)) } });
    card.renderRoot.querySelector("ha-card")?.dispatchEvent(event);
    await settle();
    await settle();
  };

  it("uploads dropped files, fields first", async () => {
    await drop("fw.bin", "fw.json", "fw.sig");
    const [request] = requests;
    expect([request?.path, request?.init.method]).toEqual(["/api/ota/releases/", "POST"]);
    const body = request?.init.body as FormData;
    expect([...body.keys()]).toEqual(["manifest", "signature", "image"]);
    expect(body.get("manifest")).toBe("fw.json");
    expect(text(".live")).toBe("heater 4.0 is stored.");
  });

  it("says what is missing or why the server refused", async () => {
    await drop("readme.txt");
    expect(text(".live")).toContain("No firmware image");
    await drop("fw.bin");
    expect(text(".live")).toContain("The manifest (.json) is missing");
    expect(requests).toHaveLength(0);
    reply = { status: 400, body: { error: "bad_signature", message: "the signature is invalid" } };
    await drop("fw.bin", "fw.json");
    expect(text(".live")).toBe("Failed: the signature is invalid");
  });

  it("has disabled controls for everybody but administrators", async () => {
    await push({ is_admin: false });
    expect(all("button").every((each) => (each as HTMLButtonElement).disabled)).toBe(true);
    expect(all("input[type=file]")).toHaveLength(0);
    expect(text(".actions small")).toBe("Only administrators can change firmware.");
    await drop("fw.bin", "fw.json");
    expect(requests).toHaveLength(0);
  });

  it("has empty, unavailable and refused states", async () => {
    await push({ rollouts: [], releases: [] });
    expect(text(".note")).toBe("No rollouts. Upload a release to start one.");
    await push({ available: false, rollouts: undefined });
    expect(text(".note")).toBe("Not available");
    fake.answers["ota/rollout/pause"] = Object.assign(new Error("unknown rollout"), { name: "x" });
    await push({});
    button("Pause").click();
    await settle();
    expect(text(".live")).toBe("Failed: unknown rollout");
  });
});
