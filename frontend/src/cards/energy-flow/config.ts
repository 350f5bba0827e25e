/** Configuration of the energy flow card. */

import type { CardConfig } from "../../lib/types.js";
import { PERIODS, TAG, type Period } from "./const.js";

export interface EnergyFlowConfig extends CardConfig {
  /** Config entry of the heating system; the first one if it is left out. */
  entry_id?: string;
  title?: string;
  /** The period that is shown first. */
  period?: Period;
}

export const stubConfig = (): EnergyFlowConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): EnergyFlowConfig => {
  for (const field of ["entry_id", "title"]) {
    const value = config[field];
    if (value !== undefined && typeof value !== "string") throw new Error(`${field} must be a text`);
  }
  const { period } = config;
  if (period !== undefined && !PERIODS.some((known) => known === period)) {
    throw new Error(`period must be one of ${PERIODS.join(", ")}`);
  }
  return config as EnergyFlowConfig;
};
