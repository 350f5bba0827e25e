/** Data of the COP card, as the integration sends it. */

export const TAG = "proof-of-heat-cop-card";

export interface CopData {
  available: true;
  entry_id: string;
  name: string;
  time: string;
  outdoor_c: number | null;
  now: number | null;
  day: number | null;
  month: number | null;
  season: number | null;
  /** Hours in which the heat pump ran. */
  hours: [outdoor: number, cop: number, flow: number | null][];
  /** The learned map at the flow temperatures of the heating curve. */
  line: [outdoor: number, cop: number][];
}

export type CopMessage = CopData | { available: false };
