import { LitElement } from "lit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RETRY_MS, Subscription } from "../../src/lib/subscription.js";
import type { HomeAssistant } from "../../src/lib/types.js";
import { fakeHass, settle } from "../fake_hass.js";

class Host extends LitElement {
  static override properties = { hass: { attribute: false }, entry: { attribute: false } };
  declare hass: HomeAssistant | undefined;
  declare entry: string | undefined;
  readonly live = new Subscription<number>(this, () => (this.entry ? { type: "suite/subscribe", entry_id: this.entry } : undefined));
}
customElements.define("test-subscription-host", Host);

const mount = (entry: string | undefined): Host => {
  const host = document.createElement("test-subscription-host") as Host;
  host.entry = entry;
  document.body.append(host);
  return host;
};

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("Subscription", () => {
  it("starts when hass arrives, once, and delivers data", async () => {
    const fake = fakeHass();
    const host = mount("one");
    await settle();
    expect(fake.subscriptions).toHaveLength(0);
    host.hass = fake.hass;
    await settle();
    host.hass = { ...fake.hass };
    await settle();
    expect(fake.subscriptions.map(({ message }) => message)).toEqual([{ type: "suite/subscribe", entry_id: "one" }]);
    expect(host.live.state.kind).toBe("loading");
    fake.subscriptions[0]?.push(7);
    expect(host.live.data).toBe(7);
  });

  it("ends with the card and starts again when it is moved", async () => {
    const fake = fakeHass();
    const host = mount("one");
    host.hass = fake.hass;
    await settle();
    host.remove();
    expect(fake.subscriptions[0]?.ended).toBe(true);
    document.body.append(host);
    await settle();
    expect(fake.subscriptions).toHaveLength(2);
    expect(fake.subscriptions[1]?.ended).toBe(false);
  });

  it("a card that is removed before the answer leaves no subscription open", async () => {
    const fake = fakeHass();
    const host = mount("one");
    host.hass = fake.hass;
    host.live.hostUpdated();
    host.remove();
    await settle();
    expect(fake.subscriptions.filter(({ ended }) => !ended)).toHaveLength(0);
  });

  it("follows another entry and another connection", async () => {
    const fake = fakeHass();
    const host = mount("one");
    host.hass = fake.hass;
    await settle();
    host.entry = "two";
    await settle();
    expect(fake.subscriptions.map(({ message, ended }) => [message.entry_id, ended])).toEqual([
      ["one", true],
      ["two", false],
    ]);
    const other = fakeHass();
    host.hass = other.hass;
    await settle();
    expect(fake.subscriptions[1]?.ended).toBe(true);
    expect(other.subscriptions).toHaveLength(1);
  });

  it("shows a refusal and tries again", async () => {
    vi.useFakeTimers();
    const fake = fakeHass();
    fake.refuse = { code: "not_found", message: "unknown heating system" };
    const host = mount("one");
    host.hass = fake.hass;
    await vi.advanceTimersByTimeAsync(1);
    expect(host.live.state).toEqual({ kind: "error", code: "not_found", message: "unknown heating system" });
    delete fake.refuse;
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(fake.subscriptions).toHaveLength(1);
    fake.subscriptions[0]?.push(3);
    expect(host.live.data).toBe(3);
  });
});
