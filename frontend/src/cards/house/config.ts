/** Configuration of the house report. */

import type { CardConfig } from "../../lib/types.js";
import { TAG } from "./const.js";

export interface HouseConfig extends CardConfig {
  /** Config entry of the heating system; the first one if it is left out. */
  entry_id?: string;
  title?: string;
}

export const stubConfig = (): HouseConfig => ({ type: `custom:${TAG}` });

/** Validate a configuration; throws an Error with the field. */
export const readConfig = (config: CardConfig): HouseConfig => {
  for (const field of ["entry_id", "title"]) {
    const value = config[field];
    if (value !== undefined && typeof value !== "string") throw new Error(`${field} must be a text`);
  }
  return config as HouseConfig;
};
