/** Data of the heating-curve card, as the integration sends it. Temperatures in °C. */

export const TAG = "proof-of-heat-curve-card";

export interface CurveValues {
  slope: number;
  level: number;
  max_flow_c: number;
}

export type Field = keyof CurveValues;

/** Steps of the values, as devices accept them. */
export const STEP: Record<Field, number> = { slope: 0.05, level: 1, max_flow_c: 1 };

export interface Device {
  name: string;
  health: string;
  flow_c: number | null;
  slope: number | null;
  level: number | null;
  command_id: string | null;
  status: "confirmed" | "pending" | "failed" | null;
  reason: string | null;
}

export interface Suggestion {
  slope: number;
  level: number;
  confidence: number;
  difference_k: number;
  significant: boolean;
}

export interface CurveData extends CurveValues {
  available: true;
  entry_id: string;
  can_control: boolean;
  name: string;
  time: string;
  active: boolean;
  revision: string;
  room_c: number;
  ranges: Record<Field, [number, number]>;
  outdoor_c: number | null;
  setpoint_c: number | null;
  control_mode: string;
  measured: [outdoor: number, flow: number][];
  suggestion: Suggestion | null;
  devices: Device[];
}

export type CurveMessage = CurveData | { available: false };
