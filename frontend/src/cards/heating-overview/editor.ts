/** The form of the overview card's visual editor. */

import type { Localize } from "../../lib/localize.js";
import { systemForm } from "../../lib/system-card.js";
import type { ConfigForm } from "../../lib/types.js";
import { readConfig } from "./config.js";
import { PARTS } from "./const.js";

export const configForm = (localize: Localize): ConfigForm =>
  systemForm(localize, readConfig, {
    name: "hide",
    selector: {
      select: {
        multiple: true,
        mode: "list",
        options: PARTS.map((value) => ({ value, label: localize(`overview.parts.${value}`) })),
      },
    },
  });
