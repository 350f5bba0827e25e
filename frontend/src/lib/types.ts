/** The parts of Home Assistant's frontend that the cards use. */

export interface HassEntity {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown> & { friendly_name?: string; unit_of_measurement?: string; device_class?: string };
  last_changed: string;
  last_updated: string;
}

export interface EntityRegistryEntry {
  entity_id: string;
  name?: string;
  device_id?: string;
  platform?: string;
  translation_key?: string;
}

export interface Locale {
  language: string;
  /** "language", "system", "12" or "24". */
  time_format: string;
  /** "language", "system", "comma_decimal", "decimal_comma", "space_comma", "quote_decimal" or "none". */
  number_format: string;
  first_weekday?: string;
  /** "local" or "server". */
  time_zone?: string;
}

export type Unsubscribe = () => void | Promise<void>;

export interface Connection {
  subscribeMessage<T>(callback: (message: T) => void, message: Record<string, unknown> & { type: string }): Promise<Unsubscribe>;
}

export interface HomeAssistant {
  states: Record<string, HassEntity | undefined>;
  entities: Record<string, EntityRegistryEntry | undefined>;
  locale: Locale;
  config: { unit_system: { temperature: string }; time_zone: string; currency?: string };
  user?: { is_admin: boolean };
  connection: Connection;
  callWS<T>(message: Record<string, unknown> & { type: string }): Promise<T>;
  callService(domain: string, service: string, data?: Record<string, unknown>, target?: Record<string, unknown>): Promise<unknown>;
}

export interface CardConfig {
  type: string;
  [key: string]: unknown;
}

/** Columns are multiples of 3 of a section's 12; `rows` is left out where the content gives the height. */
export interface GridOptions {
  columns?: number | "full";
  rows?: number | "auto";
  min_columns?: number;
  max_columns?: number;
  min_rows?: number;
  max_rows?: number;
}

/** A field of a form of Home Assistant: a name and a selector. */
export interface FormField {
  name: string;
  required?: boolean;
  selector: Record<string, unknown>;
}

export interface ConfigForm {
  schema: FormField[];
  computeLabel: (field: FormField) => string;
  computeHelper?: (field: FormField) => string | undefined;
  assertConfig?: (config: CardConfig) => void;
}

/** An answer of the WebSocket API that is an error. */
export interface WebSocketError {
  code: string;
  message: string;
}

/** The reason of a failure, for people. */
export const errorText = (error: unknown): string =>
  isWebSocketError(error) || error instanceof Error ? error.message : String(error);

export const isWebSocketError = (value: unknown): value is WebSocketError =>
  typeof value === "object" && value !== null && "code" in value && "message" in value;
