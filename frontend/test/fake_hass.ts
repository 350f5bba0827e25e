/** A Home Assistant for tests: answers commands, and lets a test push messages to subscriptions. */

import type { HomeAssistant, Unsubscribe } from "../src/lib/types.js";

type Message = Record<string, unknown> & { type: string };

export interface OpenSubscription {
  message: Message;
  push: (data: unknown) => void;
  ended: boolean;
}

export interface FakeHass {
  hass: HomeAssistant;
  subscriptions: OpenSubscription[];
  sent: Message[];
  services: { domain: string; service: string; data: unknown }[];
  /** Answers of commands by type; an Error is thrown. */
  answers: Record<string, unknown>;
  /** If set, subscriptions are refused with it. */
  refuse?: { code: string; message: string };
}

export const fakeHass = (changes: Partial<HomeAssistant> = {}): FakeHass => {
  const fake: FakeHass = { hass: undefined as unknown as HomeAssistant, subscriptions: [], sent: [], services: [], answers: {} };
  fake.hass = {
    states: {},
    entities: {},
    locale: { language: "en", time_format: "24", number_format: "comma_decimal", time_zone: "server" },
    config: { unit_system: { temperature: "°C" }, time_zone: "Europe/Berlin", currency: "EUR" },
    user: { is_admin: true },
    connection: {
      subscribeMessage: async <T>(callback: (data: T) => void, message: Message): Promise<Unsubscribe> => {
        if (fake.refuse) throw fake.refuse;
        const open: OpenSubscription = { message, push: (data) => callback(data as T), ended: false };
        fake.subscriptions.push(open);
        return () => {
          open.ended = true;
        };
      },
    },
    callWS: async <T>(message: Message): Promise<T> => {
      fake.sent.push(message);
      const answer = fake.answers[message.type];
      const value = typeof answer === "function" ? await (answer as (message: Message) => unknown)(message) : answer;
      if (value instanceof Error) throw { code: value.name, message: value.message };
      return value as T;
    },
    callService: async (domain, service, data) => {
      fake.services.push({ domain, service, data });
    },
    ...changes,
  };
  return fake;
};

/** Let promises and Lit's updates settle. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  await new Promise((done) => setTimeout(done));
};
