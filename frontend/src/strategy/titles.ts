/** The texts of the dashboard; short, because every bundle contains them. */

export type ViewKey = "overview" | "heating" | "outlets" | "energy" | "devices" | "firmware";
export type Titles = Record<ViewKey | "description" | "setUpEnergy", string>;

export const NAME = "Heat suite";

const TITLES: Record<string, Titles> & { en: Titles } = {
  en: {
    description: "Built from the installed integrations: heating, outlets, energy, devices and firmware.",
    overview: "Overview",
    heating: "Heating",
    outlets: "Outlets",
    energy: "Energy",
    devices: "Devices",
    firmware: "Firmware",
    setUpEnergy: "Set up the Energy dashboard",
  },
  de: {
    description: "Aus den installierten Integrationen: Heizung, Steckdosen, Energie, Geräte und Firmware.",
    overview: "Übersicht",
    heating: "Heizung",
    outlets: "Steckdosen",
    energy: "Energie",
    devices: "Geräte",
    firmware: "Firmware",
    setUpEnergy: "Energie-Dashboard einrichten",
  },
  fi: {
    description: "Asennetuista integraatioista: lämmitys, pistorasiat, energia, laitteet ja laiteohjelmistot.",
    overview: "Yleiskatsaus",
    heating: "Lämmitys",
    outlets: "Pistorasiat",
    energy: "Energia",
    devices: "Laitteet",
    firmware: "Laiteohjelmistot",
    setUpEnergy: "Määritä energiapaneeli",
  },
  ru: {
    description: "Из установленных интеграций: отопление, розетки, энергия, устройства и прошивки.",
    overview: "Обзор",
    heating: "Отопление",
    outlets: "Розетки",
    energy: "Энергия",
    devices: "Устройства",
    firmware: "Прошивки",
    setUpEnergy: "Настроить панель «Энергия»",
  },
};

/** The titles of a language such as "de" or "de-CH"; English ones for another. */
export const titlesIn = (language: string): Titles => TITLES[language.split("-")[0] ?? ""] ?? TITLES.en;
