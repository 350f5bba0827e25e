/** Data of the energy flow card, as the integration sends it. */

export const TAG = "proof-of-heat-energy-flow-card";

export const PERIODS = ["hour", "day", "month"] as const;
export type Period = (typeof PERIODS)[number];
/** So many periods before the present one can be shown; the integration's limit. */
export const MAX_OFFSET = 400;

export interface FlowNode {
  id: string;
  /** 0: what energy comes from, 1: heat sources, 2: where the heat goes. */
  column: number;
  /** Name of a source or a room; null: the node's kind is translated. */
  name: string | null;
  kind: string;
}

export interface Flow {
  from: string;
  to: string;
  kwh: number;
  estimated: boolean;
}

export interface EnergyFlow {
  available: true;
  entry_id: string;
  name: string;
  currency: string;
  period: Period;
  offset: number;
  begin: string;
  end: string;
  /** Whether Home Assistant records at all. */
  recorded: boolean;
  recorded_from: string | null;
  nodes: FlowNode[];
  flows: Flow[];
  /** Names of sources without a counter. */
  unknown: string[];
  cost: number | null;
  revenue: { source: string; value: number; complete: boolean }[];
}

export type EnergyFlowMessage = EnergyFlow | { available: false };

/** Colors of the theme by kind of node. */
export const NODE_COLORS: Record<string, string> = {
  grid: "var(--energy-grid-consumption-color, var(--blue-color))",
  solar: "var(--energy-solar-color, var(--orange-color))",
  battery: "var(--energy-battery-out-color, var(--teal-color))",
  electricity: "var(--blue-grey-color, var(--secondary-text-color))",
  unmetered: "var(--blue-grey-color, var(--secondary-text-color))",
  fuel: "var(--brown-color, var(--deep-orange-color))",
  ambient: "var(--light-green-color, var(--green-color))",
  rooms: "var(--heat)",
  home: "var(--heat)",
  zone: "var(--heat)",
  hot_water: "var(--cyan-color, var(--blue-color))",
  losses: "var(--disabled-text-color, var(--secondary-text-color))",
  unmeasured: "var(--disabled-text-color, var(--secondary-text-color))",
};
