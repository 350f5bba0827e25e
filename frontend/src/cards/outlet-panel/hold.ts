/** A button that acts when it was held for a second, by pointer or by key. It may move meanwhile. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export const HOLD_MS = 1000;

export class Hold implements ReactiveController {
  /** Whether the button is held now. */
  active = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly action: () => void,
  ) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.release();
  }

  readonly press = (event: Event): void => {
    if (event instanceof KeyboardEvent) {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      if (event.repeat) return;
    } else {
      const { button, currentTarget, pointerId } = event as PointerEvent;
      if (button > 0) return;
      (currentTarget as Element).setPointerCapture?.(pointerId);
    }
    this.release();
    this.active = true;
    this.timer = setTimeout(() => {
      this.release();
      this.action();
    }, HOLD_MS);
    this.host.requestUpdate();
  };

  readonly release = (): void => {
    clearTimeout(this.timer);
    if (!this.active) return;
    this.active = false;
    this.host.requestUpdate();
  };
}
