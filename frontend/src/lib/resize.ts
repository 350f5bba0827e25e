/** The width of an element, so that charts are drawn in real pixels and their labels stay legible. */

import type { LitElement, ReactiveController } from "lit";

export class Width implements ReactiveController {
  value = 0;
  private observer: ResizeObserver | undefined;

  constructor(
    private readonly host: LitElement,
    private readonly fallback = 400,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    if (typeof ResizeObserver === "undefined") return;
    this.observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width === this.value) return;
      this.value = width;
      this.host.requestUpdate();
    });
    this.observer.observe(this.host);
  }

  hostDisconnected(): void {
    this.observer?.disconnect();
  }

  /** The width inside a card's padding. */
  inside(padding = 32): number {
    return Math.max(160, (this.value || this.fallback) - padding);
  }
}
