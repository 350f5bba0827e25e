/** Configuration of the house report. */

import { readSystem, type SystemConfig } from "../../lib/system-card.js";
import { TAG } from "./const.js";

export type HouseConfig = SystemConfig;

export const stubConfig = (): HouseConfig => ({ type: `custom:${TAG}` });

export const readConfig = readSystem<HouseConfig>;
