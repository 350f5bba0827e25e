/** Configuration of the energy flow card. */

import { readSystem, type SystemConfig } from "../../lib/system-card.js";
import type { CardConfig } from "../../lib/types.js";
import { PERIODS, TAG, type Period } from "./const.js";

export interface EnergyFlowConfig extends SystemConfig {
  /** The period that is shown first. */
  period?: Period;
}

export const stubConfig = (): EnergyFlowConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): EnergyFlowConfig => {
  readSystem(config);
  const { period } = config;
  if (period !== undefined && !PERIODS.some((known) => known === period)) {
    throw new Error(`period must be one of ${PERIODS.join(", ")}`);
  }
  return config as EnergyFlowConfig;
};
