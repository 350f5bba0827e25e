/** A subscription to a command of the WebSocket API that lives as long as its card is on the page. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { errorText, isWebSocketError, type Connection, type HomeAssistant, type Unsubscribe } from "./types.js";

export type SubscriptionState<T> =
  | { kind: "loading" }
  | { kind: "data"; data: T }
  | { kind: "error"; code: string; message: string };

export interface SubscriptionHost extends ReactiveControllerHost {
  readonly hass?: HomeAssistant | undefined;
  readonly isConnected: boolean;
}

/** How often a subscription that was refused is tried again: the integration may be reloading. */
export const RETRY_MS = 10_000;

export class Subscription<T> implements ReactiveController {
  state: SubscriptionState<T> = { kind: "loading" };
  private connection: Connection | undefined;
  private key = "";
  private end: (() => void) | undefined;

  /** `message` returns the command, or undefined while the card has no config. */
  constructor(
    private readonly host: SubscriptionHost,
    private readonly message: () => (Record<string, unknown> & { type: string }) | undefined,
    private readonly onData?: (data: T) => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.refresh();
  }

  hostDisconnected(): void {
    this.stop();
  }

  /** `hass` arrives after the element was connected, and is replaced at each change of a state. */
  hostUpdated(): void {
    this.refresh();
  }

  get data(): T | undefined {
    return this.state.kind === "data" ? this.state.data : undefined;
  }

  private refresh(): void {
    const connection = this.host.hass?.connection;
    const message = this.message();
    if (!connection || !message || !this.host.isConnected) return;
    const key = JSON.stringify(message);
    if (connection === this.connection && key === this.key) return;
    this.stop();
    this.connection = connection;
    this.key = key;
    this.start(connection, message);
  }

  private start(connection: Connection, message: Record<string, unknown> & { type: string }): void {
    let ended = false;
    let unsubscribe: Unsubscribe | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    this.end = () => {
      ended = true;
      clearTimeout(retry);
      if (unsubscribe) void Promise.resolve(unsubscribe()).catch(() => undefined);
    };
    const open = (): void => {
      connection
        .subscribeMessage<T>((data) => {
          if (ended) return;
          this.state = { kind: "data", data };
          this.onData?.(data);
          this.host.requestUpdate();
        }, message)
        .then(
          (stop) => {
            unsubscribe = stop;
            // The card was removed while the answer was on its way.
            if (ended) void Promise.resolve(stop()).catch(() => undefined);
          },
          (error: unknown) => {
            if (ended) return;
            const code = isWebSocketError(error) ? error.code : "unknown";
            this.state = { kind: "error", code, message: errorText(error) };
            this.host.requestUpdate();
            retry = setTimeout(open, RETRY_MS);
          },
        );
    };
    open();
  }

  private stop(): void {
    this.end?.();
    this.end = undefined;
    this.connection = undefined;
    this.key = "";
    this.state = { kind: "loading" };
  }
}
