/** The answer to a command of the WebSocket API, asked for again from time to time while its card is on the page. */

import type { ReactiveController } from "lit";
import { RETRY_MS, type SubscriptionHost, type SubscriptionState } from "./subscription.js";
import { errorText, isWebSocketError } from "./types.js";

/** What a card shows changes slowly: statistics are written every five minutes. */
export const REFRESH_MS = 300_000;

export class Request<T> implements ReactiveController {
  state: SubscriptionState<T> = { kind: "loading" };
  private key = "";
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `message` returns the command, or undefined while the card has no config. */
  constructor(
    private readonly host: SubscriptionHost,
    private readonly message: () => (Record<string, unknown> & { type: string }) | undefined,
  ) {
    host.addController(this);
  }

  get data(): T | undefined {
    return this.state.kind === "data" ? this.state.data : undefined;
  }

  hostConnected(): void {
    this.refresh();
  }

  hostUpdated(): void {
    this.refresh();
  }

  hostDisconnected(): void {
    this.key = "";
    this.turn += 1;
    clearTimeout(this.timer);
  }

  /** Ask if the command is another one than before. What was shown stays until the answer arrives. */
  private refresh(): void {
    const message = this.message();
    if (!this.host.hass || !message || !this.host.isConnected) return;
    const key = JSON.stringify(message);
    if (key === this.key) return;
    this.key = key;
    void this.ask(message);
  }

  private async ask(message: Record<string, unknown> & { type: string }): Promise<void> {
    const turn = (this.turn += 1);
    clearTimeout(this.timer);
    let state: SubscriptionState<T>;
    let wait = REFRESH_MS;
    try {
      const data = await this.host.hass?.callWS<T & { available?: boolean }>(message);
      if (!data) return;
      state = { kind: "data", data };
      if (data.available === false) wait = RETRY_MS;
    } catch (error) {
      const code = isWebSocketError(error) ? error.code : "unknown";
      state = { kind: "error", code, message: errorText(error) };
      wait = RETRY_MS;
    }
    // The card was removed, or another period was chosen while the answer was on its way.
    if (turn !== this.turn) return;
    this.state = state;
    this.timer = setTimeout(() => void this.ask(message), wait);
    this.host.requestUpdate();
  }
}
