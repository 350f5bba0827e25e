/** What a card shows instead of its content: loading, unavailable, or the reason of an error. */

import { html, type TemplateResult } from "lit";
import type { Localize } from "./localize.js";
import type { SubscriptionState } from "./subscription.js";

export const message = (icon: string, title: string, detail = ""): TemplateResult => html`
  <div class="message" role="status">
    <ha-icon icon=${icon}></ha-icon>
    <div>
      <p>${title}</p>
      ${detail ? html`<p class="muted">${detail}</p>` : ""}
    </div>
  </div>
`;

/** The same in one line, for the panels; undefined: there is content. `unknown` is shown where the server does not know the subject. */
export const stateNote = (
  state: SubscriptionState<object>,
  localize: Localize,
  unknown?: string,
): TemplateResult | undefined => {
  if (state.kind === "error") {
    const text = unknown && state.code === "not_found" ? unknown : state.message;
    return html`<p class="note error">${text} ${localize("common.retrying")}</p>`;
  }
  if (state.kind === "data" && (state.data as { available?: boolean }).available !== false) return undefined;
  return html`<p class="note">${localize(state.kind === "data" ? "common.not_available" : "common.loading")}</p>`;
};

/** `texts` is the key of the card's texts: `<texts>.unavailable` and `<texts>.not_found`. */
export const stateMessage = (state: SubscriptionState<unknown>, localize: Localize, texts: string): TemplateResult => {
  if (state.kind === "loading") return message("mdi:timer-sand", localize("common.loading"));
  if (state.kind === "data") return message("mdi:cloud-off-outline", localize(`${texts}.unavailable`));
  if (state.code === "not_found" || state.code === "unknown_command")
    return message("mdi:help-circle-outline", localize(`${texts}.not_found`), localize("common.retrying"));
  return message("mdi:alert-circle-outline", state.message, localize("common.retrying"));
};
