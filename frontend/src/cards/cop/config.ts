/** Configuration of the COP card. */

import { readSystem, type SystemConfig } from "../../lib/system-card.js";
import { TAG } from "./const.js";

export type CopConfig = SystemConfig;

export const stubConfig = (): CopConfig => ({ type: `custom:${TAG}` });

export const readConfig = readSystem<CopConfig>;
