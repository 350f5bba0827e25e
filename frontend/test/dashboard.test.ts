import { beforeEach, describe, expect, it } from "vitest";
import "../src/entries/ecoflow.js";
import "../src/entries/iot_heating.js";
import "../src/entries/ota.js";
import "../src/entries/smart_outlet.js";
import { generate, type View } from "../src/strategy/dashboard.js";
import { fakeHass } from "./fake_hass.js";

type Hass = Parameters<typeof generate>[0];

const DEVICES: Record<string, [string, string][]> = {
  proof_of_heat: [["climate.living", "zone"], ["select.profile", "profile"], ["sensor.cost", "cost_per_hour"]],
  iot_heating: [["calendar.house", "schedule"], ["select.mode", "mode"], ["sensor.flow", "supply_temperature"]],
  smart_outlet: [["sensor.main", "main_power"], ["switch.kettle", "socket_a"]],
  ecoflow: [["sensor.battery", "battery_level"], ["sensor.solar", "solar_power"]],
  edge_telemetry: [["sensor.cabin", "temperature_c"], ["button.ping", "ping"]],
  ota: [["update.heater", "firmware"]],
};

const home = (domains: string[], language = "en"): Hass => {
  const { hass } = fakeHass({ locale: { language, time_format: "24", number_format: "language" } });
  const devices: Hass["devices"] = {};
  for (const domain of domains) {
    devices[domain] = { name: `Device of ${domain}` };
    for (const [entity_id, translation_key] of DEVICES[domain] ?? []) {
      hass.entities[entity_id] = { entity_id, translation_key, platform: domain, device_id: domain, name: translation_key };
    }
  }
  return { ...hass, devices, callWS: async <T>() => ({ energy_sources: [] }) as T };
};

const shown = (views: View[]): Record<string, string[]> =>
  Object.fromEntries(
    views.map((view) => [
      view.path,
      view.sections.flatMap(({ cards }) => cards.map((card) => String(card.entity ?? card.heading ?? card.type))),
    ]),
  );

describe("the dashboard", () => {
  beforeEach(() => {
    window.customCards = (window.customCards ?? []).filter(({ type }) => !type.startsWith("proof-of-heat-"));
  });

  it.each(Object.keys(DEVICES).filter((domain) => domain !== "proof_of_heat"))("with only %s has its view and no other", async (domain) => {
    const { views } = await generate(home([domain]));
    const view = { iot_heating: "heating", smart_outlet: "outlets", ecoflow: "energy", edge_telemetry: "devices", ota: "firmware" }[domain];
    expect(views.map(({ path }) => path)).toEqual(["overview", view]);
    expect(views.every(({ sections }) => sections.length > 0)).toBe(true);
  });

  it("names batteries, powers and meters on the first page by their device, which fits", async () => {
    const { views } = await generate(home(["ecoflow", "smart_outlet", "ota"]));
    const tiles = views[0]?.sections.flatMap(({ cards }) => cards).filter(({ type }) => type === "tile") ?? [];
    expect(tiles.map(({ entity, name }) => [entity, name])).toEqual([
      ["sensor.battery", { type: "device" }],
      ["sensor.solar", { type: "device" }],
    ]);
  });

  it("shows the power of the sun on the first page where one device has it, and the power-off once it was used", async () => {
    window.customCards?.push({ type: "proof-of-heat-overview", name: "", description: "", preview: true, documentationURL: "" });
    const hass = home(Object.keys(DEVICES));
    hass.entities["sensor.power_off"] = { entity_id: "sensor.power_off", translation_key: "power_off_state", platform: "smart_outlet", device_id: "smart_outlet" };
    const first = async (): Promise<string[] | undefined> => shown((await generate(hass)).views).overview;
    expect((await first())?.slice(-5)).toEqual(["Energy", "sensor.battery", "sensor.solar", "sensor.main", "sensor.power_off"]);
    const all = (await generate(hass)).views[0]?.sections.flatMap(({ cards }) => cards) ?? [];
    expect(all.filter(({ visibility }) => visibility).map(({ entity }) => entity)).toEqual(["sensor.power_off"]);
    hass.entities["sensor.roof"] = { entity_id: "sensor.roof", translation_key: "solar_power", platform: "ecoflow", device_id: "roof" };
    expect(await first()).not.toContain("sensor.solar");
  });

  it("puts the cards of a wide section next to each other, and tall tiles first", async () => {
    for (const name of ["overview", "curve", "cop"])
      window.customCards?.push({ type: `proof-of-heat-${name}`, name: "", description: "", preview: true, documentationURL: "" });
    const hass = home(["proof_of_heat", "iot_heating", "edge_telemetry"]);
    hass.entities["sensor.heat"] = { entity_id: "sensor.heat", translation_key: "power_w", platform: "edge_telemetry", device_id: "edge_telemetry", name: "Heat" };
    hass.states["sensor.heat"] = { entity_id: "sensor.heat", state: "5", attributes: { device_class: "power" } } as never;
    const { views } = await generate(hass);
    const columns = views[1]?.sections.flatMap(({ cards }) => cards).map((card) => (card.grid_options as { columns?: unknown } | undefined)?.columns);
    expect(columns?.slice(0, 3)).toEqual(["full", 12, 12]);
    expect(shown(views).devices).toEqual(["Device of edge_telemetry", "sensor.heat", "sensor.cabin"]);
  });

  it("gives a long name the whole width, and a graph to sensors only", async () => {
    const hass = home(["ecoflow"]);
    hass.devices.surplus = { name: "DELTA Pro 1: Surplus charging" };
    const add = (entity_id: string, translation_key: string, device_id: string, name?: string): void => {
      hass.entities[entity_id] = { entity_id, translation_key, platform: "ecoflow", device_id, name } as never;
      hass.states[entity_id] = { entity_id, state: "1", attributes: { device_class: "power" } } as never;
    };
    add("sensor.wide", "total_input_power", "ecoflow", "Eingangsleistung gesamt");
    add("sensor.short", "ac_input_power", "ecoflow", "AC input power");
    add("binary_sensor.grid", "grid_present", "ecoflow", "Grid supply");
    add("switch.surplus", "surplus_charging", "surplus");
    const cards = (await generate(hass)).views[1]?.sections.flatMap(({ cards }) => cards) ?? [];
    const kind = ({ grid_options, features }: Record<string, unknown>): string => `${grid_options ? "wide" : "half"} ${features ? "tall" : "flat"}`;
    expect(cards.filter(({ entity }) => entity).map((card) => [card.entity, kind(card)])).toEqual([
      ["sensor.short", "half tall"],
      ["sensor.battery", "half flat"],
      ["sensor.solar", "half flat"],
      ["binary_sensor.grid", "half flat"],
      ["sensor.wide", "wide tall"],
      ["switch.surplus", "wide flat"],
    ]);
  });

  it("gives the whole width to what does not fit into half of a phone: a name of 17 characters, and a choice", async () => {
    window.customCards?.push({ type: "proof-of-heat-overview", name: "", description: "", preview: true, documentationURL: "" });
    const hass = home(["proof_of_heat"]);
    const add = (entity_id: string, translation_key: string, name: string): void => {
      hass.entities[entity_id] = { entity_id, translation_key, platform: "proof_of_heat", device_id: "house", name } as never;
      hass.states[entity_id] = { entity_id, state: "1", attributes: { friendly_name: name } } as never;
    };
    add("climate.long", "zone", "Living room south");
    add("climate.short", "zone", "Living room east");
    add("sensor.long", "heat_power", "Kokonaislähtöteho");
    add("sensor.short", "power", "Kokonaislahtoteh");
    add("sensor.third", "cost_per_hour", "Cost");
    add("select.profile", "profile", "Profile");
    const tiles = (await generate(hass)).views.flatMap(({ sections }) => sections.flatMap(({ cards }) => cards)).filter(({ type, entity }) => type === "tile" && /long|short|profile/.test(String(entity)));
    expect(new Set(tiles.map(({ entity, grid_options }) => `${entity} ${grid_options ? "wide" : "half"}`))).toEqual(
      new Set(["climate.short half", "climate.long wide", "select.profile wide", "sensor.short half", "sensor.long wide"]),
    );
    expect(tiles[0]?.entity).toBe("climate.short");
  });

  it("keeps the order of the tiles where most names are long", async () => {
    const hass = home(["ecoflow"]);
    for (const [id, key, name] of [["sensor.battery", "battery_level", "Уровень заряда аккумулятора"], ["sensor.solar", "solar_power", "Мощность солнечных панелей"], ["sensor.ac", "ac_input_power", "Мощность на входе AC"]] as const)
      hass.entities[id] = { entity_id: id, translation_key: key, platform: "ecoflow", device_id: "ecoflow", name };
    const cards = (await generate(hass)).views[1]?.sections.flatMap(({ cards }) => cards).filter(({ entity }) => entity) ?? [];
    expect(cards.map(({ entity }) => entity)).toEqual(["sensor.battery", "sensor.solar", "sensor.ac"]);
    expect(cards.every(({ grid_options }) => grid_options)).toBe(true);
  });

  it("begins with the panel of what is installed where nothing is heated", async () => {
    const overviews = async (domains: string[]): Promise<string[] | undefined> => shown((await generate(home(domains))).views).overview;
    expect(await overviews(["smart_outlet"])).toEqual(["custom:smart-outlet-panel"]);
    expect(await overviews(["ota"])).toEqual(["custom:ota-rollouts"]);
    expect(await overviews(["smart_outlet", "ota", "ecoflow"])).toEqual([
      "custom:smart-outlet-panel",
      "custom:ota-rollouts",
      "Energy",
      "sensor.battery",
      "sensor.solar",
    ]);
    expect(await overviews(["smart_outlet", "edge_telemetry"])).toEqual([
      "custom:smart-outlet-panel",
      "Device of edge_telemetry",
      "sensor.cabin",
    ]);
  });

  it("with three integrations", async () => {
    const { views } = await generate(home(["iot_heating", "smart_outlet", "ota"], "de-CH"));
    expect(views.map(({ title }) => title)).toEqual(["Übersicht", "Heizung", "Steckdosen", "Firmware"]);
    expect(shown(views)).toEqual({
      overview: ["calendar.house", "Heizung", "select.mode", "Steckdosen", "sensor.main"],
      heating: ["calendar.house", "Device of iot_heating", "select.mode", "sensor.flow"],
      outlets: ["custom:smart-outlet-panel", "history-graph"],
      firmware: ["custom:ota-rollouts", "Geräte", "update.heater"],
    });
  });

  it("lists the firmware of a device once it has reported a version", async () => {
    const { views } = await generate(home(["ota"]));
    const tiles = views.at(-1)?.sections.flatMap(({ cards }) => cards).filter(({ type }) => type === "tile") ?? [];
    expect(tiles.map(({ visibility }) => visibility)).toEqual([[{ condition: "state", entity: "update.heater", state_not: "unknown" }]]);
  });

  it("with all six, and the cards that the heating system has registered", async () => {
    window.customCards?.push({ type: "proof-of-heat-overview", name: "", description: "", preview: true, documentationURL: "" });
    const { views } = await generate(home(Object.keys(DEVICES)));
    const all = shown(views);
    expect(Object.keys(all)).toEqual(["overview", "heating", "outlets", "energy", "devices", "firmware"]);
    expect(all.overview?.[0]).toBe("custom:proof-of-heat-overview");
    expect(all.heating).toContain("climate.living");
    expect(all.devices).toEqual(["Device of edge_telemetry", "sensor.cabin"]);
  });

  it("has no cards of a heating system that is not installed, even if its card is registered", async () => {
    window.customCards?.push({ type: "proof-of-heat-overview", name: "", description: "", preview: true, documentationURL: "" });
    const { views } = await generate(home(["iot_heating", "smart_outlet"]));
    expect(JSON.stringify(views)).not.toContain("proof-of-heat");
  });

  it("has Home Assistant's energy cards where energy is configured", async () => {
    const hass = { ...home(["ecoflow"]), callWS: async <T>() => ({ energy_sources: [{}] }) as T };
    expect(shown((await generate(hass)).views).energy).toContain("energy-usage-graph");
    const broken = { ...home(["ecoflow"]), callWS: () => Promise.reject(new Error("no energy")) };
    expect(shown((await generate(broken)).views).energy).not.toContain("energy-usage-graph");
  });

  it("offers to set up the Energy dashboard where it is not, to administrators", async () => {
    const services = { ecoflow: { set_up_energy_dashboard: {} }, proof_of_heat: { set_up_energy_dashboard: {} } };
    const hass = { ...home(["ecoflow", "smart_outlet"], "de"), services };
    const energy = (await generate(hass)).views.find(({ path }) => path === "energy");
    const [offer] = energy?.sections ?? [];
    expect(offer?.cards.map((card) => card.heading ?? card.name)).toEqual(["Energie-Dashboard einrichten", "EcoFlow"]);
    expect(offer?.cards[1]?.tap_action).toMatchObject({ perform_action: "ecoflow.set_up_energy_dashboard" });
    const done = { ...hass, callWS: async <T>() => ({ energy_sources: [{}] }) as T };
    expect(JSON.stringify((await generate(done)).views)).not.toContain("set_up_energy_dashboard");
    const guest = { ...hass, user: { is_admin: false } };
    expect(JSON.stringify((await generate(guest)).views)).not.toContain("set_up_energy_dashboard");
  });

  it("omits hidden and diagnostic entities", async () => {
    const hass = home(["ecoflow"]);
    Object.assign(hass.entities["sensor.solar"] ?? {}, { hidden: true });
    Object.assign(hass.entities["sensor.battery"] ?? {}, { entity_category: "diagnostic" });
    expect(shown((await generate(hass)).views).energy).toBeUndefined();
  });

  it("is built again for entities and devices of its integrations only", () => {
    type Regenerates = { shouldRegenerate: (config: unknown, before: Hass, now: Hass) => boolean };
    const { shouldRegenerate } = customElements.get("ll-strategy-dashboard-heat-suite") as unknown as Regenerates;
    const before = home(["ota", "ecoflow"]);
    const after = (change: (now: Hass) => void): boolean => {
      const now = { ...before, entities: { ...before.entities }, devices: { ...before.devices } };
      change(now);
      return shouldRegenerate({}, before, now);
    };
    const light = { entity_id: "light.kitchen", platform: "hue", device_id: "hue" };
    expect(shouldRegenerate({}, before, { ...before, states: {} })).toBe(false);
    expect(after(() => undefined)).toBe(false);
    expect(after((now) => { now.entities["light.kitchen"] = light; now.devices.hue = { name: "Lamp" }; })).toBe(false);
    expect(after((now) => { now.entities["update.new"] = { entity_id: "update.new", platform: "ota" }; })).toBe(true);
    expect(after((now) => { delete now.entities["update.heater"]; })).toBe(true);
    expect(after((now) => { now.devices.ecoflow = { name: "Renamed" }; })).toBe(true);
  });

  it("is offered once, whatever bundles are loaded", () => {
    const offered = (window as unknown as { customStrategies: { type: string; strategyType: string }[] }).customStrategies;
    expect(offered.filter(({ type }) => type === "heat-suite").map(({ strategyType }) => strategyType)).toEqual(["dashboard"]);
    expect(customElements.get("ll-strategy-dashboard-heat-suite")).toBeDefined();
  });
});
