/** A dashboard that is built from what is installed. It is in the bundle of every integration and defined once. */

import { docsPage } from "../lib/docs.js";
import { pageLanguage } from "../lib/localize.js";
import type { HomeAssistant } from "../lib/types.js";
import { NAME, titlesIn, type Titles, type ViewKey } from "./titles.js";

export const STRATEGY = "heat-suite";

export type Card = Record<string, unknown> & { type: string };
export interface Section {
  type: "grid";
  cards: Card[];
  column_span?: number;
}
export interface View {
  title: string;
  path: string;
  icon: string;
  type: "sections";
  max_columns: number;
  sections: Section[];
}

interface Entity {
  entity_id: string;
  name?: string;
  device_id?: string;
  platform?: string;
  translation_key?: string;
  hidden?: boolean;
  entity_category?: string;
}
type Hass = HomeAssistant & {
  devices: Record<string, { name?: string | null; name_by_user?: string | null } | undefined>;
  services?: Record<string, Record<string, unknown> | undefined>;
};

/** What is shown of a device of an integration, in this order. */
const KEYS = {
  proof_of_heat: [
    "profile",
    "control_active",
    "room_temperature",
    "outdoor_temperature",
    "cost_per_hour",
    "running",
    "heat_power",
    "power",
    "flow_temperature",
    "boiler_temperature",
    "cop_day",
    "price_of_heat",
  ],
  iot_heating: [
    "mode",
    "iot_enabled",
    "flow_setpoint",
    "room_setpoint",
    "heating",
    "control",
    "supply_temperature",
    "room_temperature",
    "outdoor_temperature",
  ],
  ecoflow: [
    "battery_level",
    "solar_power",
    "total_input_power",
    "total_output_power",
    "ac_input_power",
    "ac_output_power",
    "grid_present",
    "surplus_charging",
  ],
} as const;
const DOMAINS = new Set([...Object.keys(KEYS), "smart_outlet", "ota", "edge_telemetry"]);
const MAX_TILES = 6;
/** A longer name does not fit into half a section on a phone of 400 px. */
const MAX_NAME = 16;
const WIDE = { grid_options: { columns: "full" } };

const entitiesOf = (hass: Hass, platform: string, domain = ""): Entity[] =>
  Object.values(hass.entities)
    .filter((each): each is Entity => each?.platform === platform && !(each as Entity).hidden)
    .filter((each) => each.entity_id.startsWith(domain));

const heading = (text: string, icon: string): Card => ({ type: "heading", heading: text, icon });

/** What a tile shows below its name, by the domain of an entity, or the device class of a sensor. */
const FEATURES: Record<string, string | undefined> = {
  climate: "target-temperature",
  select: "select-options",
  battery: "bar-gauge",
  power: "trend-graph",
  temperature: "trend-graph",
};

/** A tile; within the section of a device, its name does not repeat that of the device. A long name has the whole width. */
const tile = (hass: Hass, entity: string, name?: "entity" | "device"): Card => {
  const { name: own, device_id } = (hass.entities[entity] ?? {}) as Partial<Entity>;
  const { friendly_name, device_class: kind } = hass.states[entity]?.attributes ?? {};
  const device = nameOf(hass, device_id ?? "");
  const shown = name === "device" ? device : name ? (own ?? device) : String(friendly_name);
  const domain = entity.split(".")[0];
  const feature = FEATURES[String(domain === "sensor" ? kind : domain)];
  return {
    type: "tile",
    entity,
    ...(name && { name: { type: name } }),
    ...(feature && { features: [{ type: feature }] }),
    ...((shown.length > MAX_NAME || domain === "select") && WIDE),
  };
};

/** Tall tiles first, wide ones last: no row has gaps. What is selected is first. */
const place = ({ entity, grid_options, features }: Card): number => (/^select/.test(entity as string) ? 0 : grid_options ? 3 : features ? 1 : 2);
const arranged = (tiles: Card[]): Card[] => tiles.sort((a, b) => place(a) - place(b));

/** A device is listed once it has reported which version it runs. */
const reported = (card: Card): Card => ({
  ...card,
  visibility: [{ condition: "state", entity: card.entity, state_not: "unknown" }],
});

const nameOf = (hass: Hass, device: string): string => hass.devices[device]?.name_by_user ?? hass.devices[device]?.name ?? "";

const rooms = (hass: Hass): Card[] =>
  arranged(entitiesOf(hass, "proof_of_heat", "climate.").map(({ entity_id }) => tile(hass, entity_id)));

/** A section per device with the entities of some keys; without keys its first sensors. */
const deviceSections = (hass: Hass, platform: string, icon: string, keys?: readonly string[]): Section[] => {
  const devices = new Map<string, Entity[]>();
  for (const entity of entitiesOf(hass, platform)) {
    if (!entity.device_id || entity.entity_category) continue;
    devices.set(entity.device_id, [...(devices.get(entity.device_id) ?? []), entity]);
  }
  return [...devices].flatMap(([device, entities]) => {
    const shown = keys
      ? keys.flatMap((key) => entities.filter((each) => each.translation_key === key))
      : entities.filter(({ entity_id }) => /^(binary_)?sensor\./.test(entity_id));
    if (!shown.length) return [];
    const first = shown.slice(0, MAX_TILES);
    const tiles = first.map(({ entity_id }) => tile(hass, entity_id, "entity"));
    // Where most names are long, all tiles are wide, in their order.
    const areLong = tiles.filter((card) => place(card) > 2).length * 2 >= first.length;
    const cards = areLong ? tiles.map((card) => ({ ...card, ...WIDE })) : arranged(tiles);
    return [{ type: "grid" as const, cards: [heading(nameOf(hass, device), icon), ...cards] }];
  });
};

const wide = (cards: Card[]): Section[] =>
  cards.length
    ? [{ type: "grid", cards: cards.map((card) => ({ ...WIDE, ...card })), column_span: 2 }]
    : [];

/** Two of them are next to each other where a wide section is; a single one is as wide as the section. */
const halves = (cards: Card[]): Card[] => (cards.length > 1 ? cards.map((card) => ({ ...card, grid_options: { columns: 12 } })) : cards);

/** Cards of proof_of_heat that need no configuration beyond their type. */
const heatCards = (): Card[] =>
  (window.customCards ?? [])
    .filter(({ type }) => type.startsWith("proof-of-heat-") && !type.endsWith("-week-schedule"))
    .map(({ type }) => ({ type: `custom:${type}` }));

const installed = (hass: Hass): Set<string> => new Set(Object.values(hass.entities).map((each) => each?.platform ?? ""));

/** The cards that this dashboard names itself. */
const TAGS = { iot_heating: "iot-heating-week-schedule", smart_outlet: "smart-outlet-panel", ota: "ota-rollouts" } as const;

const panel = (domain: "smart_outlet" | "ota"): Card => ({ type: `custom:${TAGS[domain]}` });

/** Wait a moment for the bundles of the installed integrations: they load at the same time as this one. */
const bundles = async (found: Set<string>): Promise<void> => {
  const missing = (): boolean =>
    (found.has("proof_of_heat") && !heatCards().length) ||
    Object.entries(TAGS).some(([domain, tag]) => found.has(domain) && !customElements.get(tag));
  for (let turn = 0; turn < 50 && missing(); turn += 1) await new Promise((done) => setTimeout(done, 100));
};

const hasEnergy = async (hass: Hass): Promise<boolean> => {
  try {
    return (await hass.callWS<{ energy_sources: unknown[] }>({ type: "energy/get_prefs" })).energy_sources.length > 0;
  } catch {
    return false;
  }
};

/** Where the Energy dashboard is not configured, a button for each integration that can add its meters to it. */
const energyOffers = (hass: Hass, found: Set<string>, titles: Titles): Section[] => {
  if (!hass.user?.is_admin) return [];
  const buttons = Object.entries({ proof_of_heat: "Proof of Heat", ecoflow: "EcoFlow", smart_outlet: "Smart Outlet", iot_heating: "Smart Heating" })
    .filter(([domain]) => found.has(domain) && hass.services?.[domain]?.set_up_energy_dashboard)
    .map(([domain, name]) => ({
      type: "button",
      name,
      icon: "mdi:lightning-bolt-circle",
      tap_action: {
        action: "perform-action",
        perform_action: `${domain}.set_up_energy_dashboard`,
        confirmation: {},
      },
    }));
  return buttons.length ? [{ type: "grid", cards: [heading(titles.setUpEnergy, "mdi:lightning-bolt"), ...buttons] }] : [];
};

const ICONS: Record<ViewKey, string> = {
  overview: "mdi:home-heart",
  heating: "mdi:radiator",
  outlets: "mdi:power-socket-eu",
  energy: "mdi:lightning-bolt",
  devices: "mdi:access-point",
  firmware: "mdi:chip",
};

type Sections = Record<Exclude<ViewKey, "overview">, Section[]>;

/** The week of each building, and of each room. */
const schedules = (hass: Hass): Card[] =>
  ([["iot_heating", "calendar."], ["proof_of_heat", "climate."]] as const).flatMap(([platform, domain]) =>
    entitiesOf(hass, platform, domain).map(({ entity_id }) => ({
      type: `custom:${platform.replaceAll("_", "-")}-week-schedule`,
      entity: entity_id,
    })),
  );

const power = (hass: Hass): Card[] => {
  const meters = entitiesOf(hass, "smart_outlet").filter(({ translation_key }) => translation_key === "main_power");
  return meters.length ? [{ type: "history-graph", entities: meters.map(({ entity_id }) => entity_id), hours_to_show: 24 }] : [];
};

const sectionsOf = async (hass: Hass, found: Set<string>, titles: Titles): Promise<Sections> => {
  const climates = rooms(hass);
  const [first, ...cards] = found.has("proof_of_heat") ? heatCards() : [];
  const energy = (await hasEnergy(hass))
    ? wide([
        { type: "energy-date-selection" },
        { type: "energy-usage-graph" },
        ...halves([{ type: "energy-distribution" }, { type: "energy-devices-graph", title: titles.devices }]),
      ])
    : energyOffers(hass, found, titles);
  const updates = entitiesOf(hass, "ota", "update.").slice(0, 24);
  return {
    heating: [
      ...wide(first ? [first, ...halves(cards)] : []),
      ...(climates.length ? [{ type: "grid" as const, cards: climates }] : []),
      ...wide(halves(schedules(hass))),
      ...deviceSections(hass, "proof_of_heat", "mdi:fire", KEYS.proof_of_heat),
      ...deviceSections(hass, "iot_heating", "mdi:radiator", KEYS.iot_heating),
    ],
    outlets: found.has("smart_outlet") ? wide([panel("smart_outlet"), ...power(hass)]) : [],
    energy: [...energy, ...deviceSections(hass, "ecoflow", "mdi:battery-charging", KEYS.ecoflow)],
    devices: deviceSections(hass, "edge_telemetry", "mdi:access-point"),
    firmware: found.has("ota")
      ? [...wide([panel("ota")]), { type: "grid", cards: [heading(titles.devices, ICONS.firmware), ...arranged(updates.map(({ entity_id }) => reported(tile(hass, entity_id, "device"))))] }]
      : [],
  };
};

/** What matters of each area, in one screen: its first card, or its first tiles; without heating the panels of the others. */
const overview = (hass: Hass, found: Set<string>, titles: Record<ViewKey, string>): Section[] => {
  const [first] = found.has("proof_of_heat") ? heatCards() : [];
  // A level and a power say what they are by their unit: the name of the device is enough, and fits.
  const pick = (platform: string, ...keys: string[]): Card[] =>
    keys.flatMap((key) =>
      entitiesOf(hass, platform)
        .filter((each) => each.translation_key === key)
        .map(({ entity_id }) => tile(hass, entity_id, /level|power$/.test(key) ? "device" : undefined)),
    );
  const buildings = first ? [] : pick("iot_heating", "mode", "iot_enabled", "flow_setpoint");
  const solar = pick("ecoflow", "solar_power");
  const stations = [...pick("ecoflow", "battery_level"), ...(solar.length > 1 ? [] : solar)];
  const main = first ? [first] : schedules(hass).slice(0, 1);
  const meters = main.length ? pick("smart_outlet", "main_power") : [];
  // It is shown once everything was switched off.
  const alerts = (main.length ? pick("smart_outlet", "power_off_state") : []).map((card) => ({
    ...card,
    ...WIDE,
    visibility: [{ condition: "state", entity: card.entity, state_not: ["none", "unavailable"] }],
  }));
  if (!main.length) main.push(...(["smart_outlet", "ota"] as const).filter((each) => found.has(each)).map(panel));
  const groups: [ViewKey, Card[]][] = [
    ["heating", [...rooms(hass), ...buildings]],
    [stations.length ? "energy" : "outlets", [...stations, ...meters]],
  ];
  const rest: Section[] = groups
    .filter(([, cards]) => cards.length)
    .map(([key, cards]) => ({ type: "grid", cards: [heading(titles[key], ICONS[key]), ...cards.slice(0, MAX_TILES)] }));
  if (alerts.length) (rest.at(-1) as Section).cards.push(...alerts);
  const devices = rest.length || !found.has("edge_telemetry") ? [] : deviceSections(hass, "edge_telemetry", "mdi:access-point").slice(0, 4);
  return [...wide(main), ...rest, ...devices];
};
export const generate = async (hass: Hass): Promise<{ title: string; views: View[] }> => {
  const titles = titlesIn(hass.locale.language);
  const found = installed(hass);
  await bundles(found);
  const view = (key: ViewKey, sections: Section[]): View => ({
    title: titles[key],
    path: key,
    icon: ICONS[key],
    type: "sections",
    max_columns: 3,
    sections,
  });
  const sections = await sectionsOf(hass, found, titles);
  const filled = (Object.keys(sections) as (keyof Sections)[]).filter((key) => sections[key].length);
  return { title: NAME, views: [view("overview", overview(hass, found, titles)), ...filled.map((key) => view(key, sections[key]))] };
};

/** What the dashboard is built from: the entities of the installed integrations, and the names of their devices. */
const basis = (hass: Hass): string =>
  JSON.stringify(
    Object.values(hass.entities)
      .filter((each) => DOMAINS.has(each?.platform ?? ""))
      .map((each) => [each, nameOf(hass, each?.device_id ?? "")]),
  );

class HeatSuiteStrategy extends HTMLElement {
  /** Home Assistant asks at each change: a dashboard that is built again ends what a person does with its cards. */
  static shouldRegenerate(_config: unknown, before: Hass, now: Hass): boolean {
    return (before.entities !== now.entities || before.devices !== now.devices) && basis(before) !== basis(now);
  }

  static generate(_config: unknown, hass: Hass): Promise<{ title: string; views: View[] }> {
    return generate(hass);
  }
}

interface StrategyEntry {
  type: string;
  strategyType: "dashboard";
  name: string;
  description: string;
  documentationURL: string;
}

const TAG = `ll-strategy-dashboard-${STRATEGY}`;
const page = window as unknown as { customStrategies?: StrategyEntry[] };

if (!customElements.get(TAG)) {
  customElements.define(TAG, HeatSuiteStrategy);
  (page.customStrategies ??= []).push({
    type: STRATEGY,
    strategyType: "dashboard",
    name: NAME,
    description: titlesIn(pageLanguage()).description,
    documentationURL: docsPage("dashboard.md"),
  });
}
