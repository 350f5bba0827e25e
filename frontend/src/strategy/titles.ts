/** The texts of the dashboard; short, because every bundle contains them. */

export type ViewKey = "overview" | "heating" | "outlets" | "energy" | "devices" | "firmware";
export type Titles = Record<ViewKey | "name" | "description" | "setUpEnergy", string>;

export const TITLES: Record<string, Titles> & { en: Titles } = {
  en: {
    name: "Heat suite",
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
    name: "Heat suite",
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
    name: "Heat suite",
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
    name: "Heat suite",
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
