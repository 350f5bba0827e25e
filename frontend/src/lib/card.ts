/** What all cards share: Home Assistant's card contract, texts, and the entry in the card picker. */

import { LitElement, type PropertyDeclarations } from "lit";
import { docsPage } from "./docs.js";
import { localizer, pageLanguage, type Languages, type Localize } from "./localize.js";
import type { CardConfig, ConfigForm, GridOptions, HomeAssistant } from "./types.js";

/** Cards that were removed a moment ago, by their configurations. */
export const former = new Map<string, SuiteCard<CardConfig>>();
const REBUILT_MS = 10_000;

/** Base class of the cards. */
export abstract class SuiteCard<C extends CardConfig> extends LitElement {
  static override properties: PropertyDeclarations = { hass: { attribute: false }, config: { state: true } };

  declare hass: HomeAssistant | undefined;
  declare config: C | undefined;

  protected abstract readonly texts: Languages;
  private cached: { language: string; localize: Localize } | undefined;

  /** Called by Home Assistant; throws if the configuration is invalid. */
  setConfig(config: CardConfig): void {
    this.config = this.readConfig(config);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const old = former.get(JSON.stringify(this.config));
    if (old) this.adopt(old);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    const key = JSON.stringify(this.config);
    former.set(key, this);
    setTimeout(() => former.delete(key), REBUILT_MS);
  }

  /** Take over what the user has not saved: Home Assistant builds cards again, for example when an entity appears. */
  protected adopt(_old: SuiteCard<CardConfig>): void {}

  /** Validate the configuration; the error's text is shown to the user. */
  protected abstract readConfig(config: CardConfig): C;

  /** Height in rows of 50 px. */
  getCardSize(): number {
    return 7;
  }

  getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  protected get localize(): Localize {
    const language = this.hass?.locale.language ?? pageLanguage();
    if (this.cached?.language !== language) this.cached = { language, localize: localizer(this.texts, language) };
    return this.cached.localize;
  }
}

interface PickerEntry {
  type: string;
  name: string;
  description: string;
  preview: boolean;
  documentationURL: string;
  getEntitySuggestion?: (hass: HomeAssistant, entityId: string) => { config: CardConfig } | null;
}

declare global {
  interface Window {
    customCards?: PickerEntry[];
  }
}

export interface CardRegistration {
  /** Tag of the element; the card's type is `custom:<tag>`. */
  tag: string;
  element: CustomElementConstructor & { getConfigForm?: () => ConfigForm };
  /** Name and description are the texts `<key>.name` and `<key>.description`. */
  texts: Languages;
  key: string;
  /** Page in docs/ with its anchor. */
  docs: string;
  /** The card's configuration for an entity of ours; null for any other. */
  suggest?: (hass: HomeAssistant, entityId: string) => CardConfig | null;
}

/** Define the element and add it to the card picker, once per page. */
export const registerCard = ({ tag, element, texts, key, docs, suggest }: CardRegistration): void => {
  if (!customElements.get(tag)) customElements.define(tag, element);
  window.customCards ??= [];
  if (window.customCards.some((card) => card.type === tag)) return;
  const localize = localizer(texts, pageLanguage());
  window.customCards.push({
    type: tag,
    name: localize(`${key}.name`),
    description: localize(`${key}.description`),
    preview: true,
    documentationURL: docsPage(docs),
    ...(suggest && {
      getEntitySuggestion: (hass: HomeAssistant, entityId: string) => {
        const config = suggest(hass, entityId);
        return config && { config };
      },
    }),
  });
};
