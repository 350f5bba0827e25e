/** Data of the overview, as the integration sends it. */

export const TAG = "proof-of-heat-overview-card";

export interface Amount {
  value: number | null;
  estimated: boolean;
}

export interface Source {
  id: string;
  name: string;
  kind: string;
  health: string;
  price_kwh: number | null;
  commanded: boolean;
  /** Whether it heats the home; one of a few watts only runs. */
  heating: boolean;
  running?: boolean;
  heat: Amount;
  power: Amount;
  reason: string | null;
  reason_text: string | null;
  limits: string[];
}

export interface Plan {
  made: number;
  age_steps: number;
  /** Begin and end of each cell, in steps since the plan was made. */
  begin: number[];
  end: number[];
  room_c: number[];
  heat_w: Record<string, number[]>;
  power_w: number[];
}

export interface NextDay {
  start: string;
  step_s: number;
  price_kwh: (number | null)[];
  known_steps: number;
  outdoor_c: (number | null)[];
  solar_w_m2: (number | null)[];
  lower_c: (number | null)[];
  upper_c: (number | null)[];
  plan: Plan | null;
}

export interface Savings {
  days: number;
  saved: number | null;
  low: number | null;
  high: number | null;
  percent: number | null;
  cost: number | null;
  simulated?: boolean;
  /** Over days before the integration was installed. */
  from_history?: boolean;
}

/** When the first day that is compared is complete. */
export interface SavingsProgress {
  progress: number;
  expected: string;
}

export interface Learning {
  trusted: boolean;
  learned: boolean;
  progress: number;
  hours: number;
  expected: string | null;
  error_k: number | null;
  limit_k: number | null;
}

export interface Override {
  zone_id: string | null;
  zone: string | null;
  /** The zone's thermostat. */
  entity_id: string | null;
  profile: string | null;
  target_c: number | null;
  /** null: until the user changes it. */
  until: string | null;
}

export interface Zone {
  id: string;
  name: string;
  room_c: number | null;
  target_c: number | null;
  window_open: boolean;
}

export interface Overview {
  available: true;
  entry_id: string;
  can_control: boolean;
  name: string;
  currency: string;
  time: string;
  failing: boolean;
  state: string;
  control_mode: string;
  active: boolean;
  shadow: boolean;
  text: string;
  limits: string[];
  notes: string[];
  room_c: number | null;
  lower_c: number | null;
  upper_c: number | null;
  outdoor_c: number | null;
  demand_w: number | null;
  heat: Amount;
  power: Amount;
  cost_h: Amount;
  price_kwh: number | null;
  sources: Source[];
  savings: Savings | null;
  savings_progress?: SavingsProgress | null;
  learning: Learning;
  next_day: NextDay | null;
  profile: string;
  overrides: Override[];
  zones: Zone[];
}

export type OverviewMessage = Overview | { available: false };

/** Parts of the card that can be hidden. */
export const PARTS = ["figures", "ladder", "next_day", "limits", "override"] as const;
export type Part = (typeof PARTS)[number];

export const STATE_ICONS: Record<string, string> = {
  heating: "mdi:fire",
  limited: "mdi:fire-alert",
  idle: "mdi:leaf",
  off: "mdi:power",
  shadow: "mdi:eye-outline",
  starting: "mdi:timer-sand",
  commissioning: "mdi:ruler",
  frost: "mdi:snowflake-alert",
  blind: "mdi:thermometer-off",
};

export const KIND_ICONS: Record<string, string> = {
  heat_pump: "mdi:heat-pump-outline",
  boiler: "mdi:water-boiler",
  miner: "mdi:bitcoin",
  direct_electric: "mdi:radiator",
  controller: "mdi:tune",
};

/** Colors of the theme by kind of source; several sources of a kind differ in strength. */
export const KIND_COLORS: Record<string, string> = {
  heat_pump: "var(--blue-color)",
  boiler: "var(--deep-orange-color)",
  miner: "var(--amber-color)",
  direct_electric: "var(--red-color)",
  controller: "var(--purple-color)",
};
