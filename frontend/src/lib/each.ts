/** A list whose elements belong to their items: a press that began on one item cannot end on another that took its place. */

import { keyed } from "lit/directives/keyed.js";

export const each = <T>(items: readonly T[], key: (item: T) => unknown, row: (item: T) => unknown): unknown[] =>
  items.map((item) => keyed(key(item), row(item)));
