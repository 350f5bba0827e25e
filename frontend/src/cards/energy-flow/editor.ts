/** The form of the energy flow card's visual editor. */

import type { Localize } from "../../lib/localize.js";
import { systemForm } from "../../lib/system-card.js";
import type { ConfigForm } from "../../lib/types.js";
import { readConfig } from "./config.js";
import { PERIODS } from "./const.js";

export const configForm = (localize: Localize): ConfigForm =>
  systemForm(localize, readConfig, {
    name: "period",
    selector: { select: { mode: "dropdown", options: PERIODS.map((value) => ({ value, label: localize(`flow.${value}`) })) } },
  });
