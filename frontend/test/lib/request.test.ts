import { LitElement } from "lit";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { REFRESH_MS, Request } from "../../src/lib/request.js";
import { RETRY_MS } from "../../src/lib/subscription.js";
import type { HomeAssistant } from "../../src/lib/types.js";
import { fakeHass } from "../fake_hass.js";

class Host extends LitElement {
  hass: HomeAssistant | undefined;
  command: { type: string; day: number } | undefined = { type: "x", day: 0 };
  readonly asked = new Request<{ value: number }>(this, () => this.command);
}
customElements.define("request-host", Host);

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
};
const mount = async (fake: ReturnType<typeof fakeHass>): Promise<Host> => {
  const host = document.createElement("request-host") as Host;
  host.hass = fake.hass;
  document.body.append(host);
  await host.updateComplete;
  await settle();
  return host;
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("Request", () => {
  it("asks at once and again after a while, until the card is removed", async () => {
    const fake = fakeHass();
    fake.answers.x = { value: 1 };
    const host = await mount(fake);
    expect(host.asked.data).toEqual({ value: 1 });
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    expect(fake.sent).toHaveLength(2);
    host.remove();
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS);
    expect(fake.sent).toHaveLength(2);
    document.body.append(host);
    await settle();
    expect(fake.sent).toHaveLength(3);
  });
  it("tries again soon after an error and while the system is not loaded", async () => {
    const fake = fakeHass();
    fake.answers.x = Object.assign(new Error("busy"), { name: "unknown_error" });
    const host = await mount(fake);
    expect(host.asked.state).toEqual({ kind: "error", code: "unknown_error", message: "busy" });
    fake.answers.x = { available: false };
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(host.asked.data).toEqual({ available: false });
    fake.answers.x = { value: 2 };
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(host.asked.data).toEqual({ value: 2 });
  });
  it("drops the answer to an earlier question", async () => {
    const fake = fakeHass();
    const waiting: ((value: unknown) => void)[] = [];
    fake.answers.x = () => new Promise((done) => waiting.push(done));
    const host = await mount(fake);
    host.command = { type: "x", day: 1 };
    host.requestUpdate();
    await host.updateComplete;
    expect(waiting).toHaveLength(2);
    waiting[1]?.({ value: 22 });
    await settle();
    waiting[0]?.({ value: 11 });
    await settle();
    expect(host.asked.data).toEqual({ value: 22 });
  });
});
