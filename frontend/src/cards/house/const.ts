/** Data of the house report, as the integration sends it. */

import type { Learning } from "../heating-overview/const.js";

export const TAG = "proof-of-heat-house-card";

export interface Estimate {
  value: number;
  sd: number | null;
}

export const VALUES = ["loss_w_k", "time_constant_h", "solar_gain_m2"] as const;
export type ValueName = (typeof VALUES)[number];

export type Reason = "sources" | "rooms" | "outdoor";

export interface House {
  available: true;
  entry_id: string;
  name: string;
  time: string;
  room_c: number | null;
  outdoor_c: number | null;
  values: Record<ValueName, Estimate | null>;
  /** The change of the heat loss over the recorded weeks; null: too few of them. */
  drift: { days: number; change_w_k: number; percent: number; significant: boolean } | null;
  loss_history: [time: number, loss: number][];
  /** How many days the house was learned from. */
  days: number | null;
  backtest: { hours: number; error_k: number; unchanged_k: number | null }[];
  full_power_w: number | null;
  full_load_cop: number | null;
  learning: Learning;
  /** The import of the recorded history; `reason`: what changed in the home, so that it is read again. */
  import: { status: string; reason: Reason | null; expected_end: string | null; days_imported: number };
}

export type HouseMessage = House | { available: false };
