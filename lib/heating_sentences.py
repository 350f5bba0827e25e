"""Assist sentences about the heating, which several integrations understand; one of them answers.

They are templates of Home Assistant's sentence triggers, in the word orders and forms of address that people use.
``{room}`` is the name of a room as it was spoken; ``find_room`` finds it among the known names.
"""

from collections.abc import Iterable, Mapping
from typing import Final

type Sentences = Mapping[str, tuple[str, ...]]

STATUS: Final[Sentences] = {
    "en": (
        "[tell me[,]] (how is|how's) [the|our] heating [system] [doing|going|running] [right now|now|today]",
        "[tell me[,]] how [the|our] heating is [doing|going|running] [right now|now]",
        "what is [the|our] heating [system] doing [right now|now]",
        "what's [the|our] heating [system] doing [right now|now]",
        "[tell me|show me|what is|what's] [the] (heating status|status of the heating)",
        "is the heating (on|off|running|working)",
    ),
    "de": (
        "wie (geht es|geht's) [denn] [gerade] [der|unserer] heizung [gerade|heute]",
        "wie (läuft|arbeitet) [gerade] [die|unsere] heizung [gerade|heute]",
        "was macht [gerade] [die|unsere] heizung [gerade|jetzt]",
        "[sag mir[,]|sagen sie mir] (wie es der heizung geht|was die heizung [gerade] macht)",
        "[zeig mir|sag mir|was ist|wie ist] [der|den] heizungsstatus",
        "[wie ist|was ist|sag mir|zeig mir] [der|den] (stand|status|zustand) der heizung",
        "(läuft|heizt) [gerade] die heizung [gerade]",
        "ist die heizung (an|aus|eingeschaltet|ausgeschaltet)",
    ),
    "fi": (
        "(miten|kuinka) [meidän] lämmitys (toimii|voi|sujuu|pyörii) [nyt]",
        "mitä [meidän] lämmitys (tekee|puuhaa) [nyt]",
        "[kerro|mikä on|mikä] lämmityksen (tila|tilanne) [on|nyt]",
        "onko lämmitys (päällä|pois päältä|käynnissä)",
        "[kerro[,]] miten lämmityksellä menee",
        "toimiiko lämmitys",
    ),
    "ru": (
        "как [там] [у нас|наше] отопление [сейчас]",
        "как [там|сейчас] (работает|дела у|дела с) (отопление|отопления|отоплением)",
        "(скажи|скажите|расскажи|расскажите) (как работает отопление|как [там] отопление|что с отоплением)",
        "что [сейчас] (делает отопление|с отоплением)",
        "[покажи|покажите|скажи|скажите|какое] (состояние|статус) отопления",
        "отопление [сейчас] (включено|работает|выключено)",
        "(работает|включено) ли отопление",
    ),
}
WHY: Final[Sentences] = {
    "en": (
        "[tell me[,]] why is (it|the heating|the house|the home) [not] [being] (heating|heated) [right now|now]",
        "[tell me[,]] why (it is|it's|the heating is) [not] heating [right now|now]",
        "[tell me[,]] why is the heating [not] (on|off|running) [right now|now]",
        "[tell me[,]] why the heating is [not] (on|off|running) [right now|now]",
        "why (isn't it|isn't the heating|is not the heating) (heating|on|running) [right now|now]",
        "why heating",
        "why are (we|you) [not] heating [right now|now]",
        "why does the heating run",
    ),
    "de": (
        "(warum|wieso|weshalb) (heizt|läuft) [gerade] (es|sie|die heizung) [gerade|jetzt] [nicht]",
        "(warum|wieso|weshalb) ist die heizung [gerade|jetzt] [nicht] (an|aus|eingeschaltet|ausgeschaltet)",
        "(warum|wieso|weshalb) wird [gerade|jetzt] [nicht] geheizt",
        "(warum|wieso|weshalb) (heizt du|heizen wir) [gerade|jetzt] [nicht]",
        "[sag mir[,]|erklär mir] (warum|wieso|weshalb) die heizung [gerade] [nicht] (heizt|läuft|an ist|aus ist)",
        "[sag mir[,]|erklär mir] (warum|wieso|weshalb) [gerade] [nicht] geheizt wird",
    ),
    "fi": (
        "[kerro[,]] miksi (lämmitys on|lämmitys ei ole) (päällä|käynnissä) [nyt]",
        "[kerro[,]] miksi lämmitys on pois päältä",
        "[kerro[,]] miksi [nyt] (lämmitetään|ei lämmitetä) [nyt]",
        "[kerro[,]] miksi (se|lämmitys|talo) (lämmittää|lämpenee|ei lämmitä|ei lämpene) [nyt]",
        "[kerro[,]] miksi (taloa|kotia) (lämmitetään|ei lämmitetä) [nyt]",
    ),
    "ru": (
        "(почему|зачем|отчего) [сейчас] [не] (греет|топит|греется|топится) [отопление|дом] [сейчас]",
        "(почему|зачем|отчего) [сейчас] отопление [сейчас] [не] (греет|топит|работает|включено|выключено)",
        "(почему|зачем|отчего) [не] (работает|включено|выключено) отопление",
        "(скажи|скажите|объясни|объясните) (почему|зачем) [не] (греет|топит|работает) отопление",
        "(скажи|скажите|объясни|объясните) (почему|зачем) отопление [не] (греет|топит|работает|включено|выключено)",
    ),
}
ROOM_STATUS: Final[Sentences] = {
    "en": (
        "how is the heating [doing] in [the] {room}",
        "what is the heating doing in [the] {room}",
    ),
    "de": (
        "wie (ist|läuft) die heizung (in der|in dem|im|in) {room}",
        "wie geht es der heizung (in der|in dem|im|in) {room}",
        "was macht die heizung (in der|in dem|im|in) {room}",
    ),
    "fi": (
        "(miten|kuinka) lämmitys toimii {room}",
        "(miten|kuinka) {room} lämmitys (toimii|voi)",
        "mitä lämmitys tekee {room}",
        "onko {room} lämmitys päällä",
    ),
    "ru": (
        "как [там] [работает] отопление (в|на) {room}",
        "что делает отопление (в|на) {room}",
        "что с отоплением (в|на) {room}",
    ),
}
ROOM_WHY: Final[Sentences] = {
    "en": (
        "why is (it|the heating) [not] heating [in] [the] {room}",
        "why is the heating [not] (on|off) in [the] {room}",
    ),
    "de": (
        "(warum|wieso|weshalb) (heizt|läuft) die heizung (in der|in dem|im|in) {room} [nicht]",
        "(warum|wieso|weshalb) wird (in der|in dem|im|in) {room} [nicht] geheizt",
        "(warum|wieso|weshalb) ist die heizung (in der|in dem|im|in) {room} (an|aus)",
    ),
    "fi": ("miksi {room} (lämmitetään|ei lämmitetä)", "miksi lämmitys on päällä {room}"),
    "ru": (
        "(почему|зачем) [не] (греет|топит) (в|на) {room}",
        "(почему|зачем) отопление [не] (греет|работает|включено) (в|на) {room}",
    ),
}
_DE_SET: Final = "(stell|stelle|setz|setze|schalt|schalte|stellen sie|setzen sie|schalten sie)"
_DE_PUT: Final = "stellen|setzen|schalten|umschalten|umstellen"
_DE_TO: Final = "(auf|in) [den] {word}[-modus| modus]"
_FI_SET: Final = "(aseta|laita|vaihda|kytke|säädä|asettakaa|laittakaa)"
_FI_TO: Final = "{word}[-tilaan|-tilalle| tilaan| tilalle| päälle]"
_RU_SET: Final = (
    "(включи|поставь|установи|переключи|переведи|выбери|сделай|"
    "включите|поставьте|установите|переключите|переведите|выберите|сделайте)"
)
_SET: Final[Sentences] = {
    "en": (
        "(set|switch|change|put) [the|our] [heating] [mode|profile] [to|on|into] {word} [mode]",
        "(set|switch|change) the (heating mode|heating profile|profile|mode) of the heating to {word}",
        "(activate|enable|select|use) [the] {word} [mode|profile] [for the heating]",
        "heating [to|on] {word}",
    ),
    "de": (
        f"{_DE_SET} [mir] [bitte] [die|unsere] heizung [bitte] {_DE_TO}",
        f"{_DE_SET} [bitte] {_DE_TO}",
        "(setze|setz|wähle|wähl|aktiviere) [bitte] [den|das] [profil|modus] {word}[-modus| modus] [für die heizung]",
        f"[bitte] [die] heizung [bitte] {_DE_TO} [{_DE_PUT}]",
        f"(kannst|könntest|würdest) du [bitte] [die] heizung [bitte] {_DE_TO} ({_DE_PUT})",
    ),
    "fi": (
        f"{_FI_SET} [lämmitys|lämmityksen tila|lämmityksen profiili|lämmityksen tilaksi] [tilaan] {_FI_TO}",
        "(aseta|laita|vaihda) lämmityksen (tilaksi|profiiliksi) {word}",
        f"(voisitko|voitko) (asettaa|laittaa|vaihtaa|kytkeä) [lämmityksen] {_FI_TO}",
    ),
    "ru": (
        f"{_RU_SET} [отопление] [в|на] [режим|профиль] {{word}} [режим] [отопления]",
        "(режим|профиль) отопления {word}",
        "отопление (в|на) [режим] {word}",
    ),
}


STATUS_TOPIC: Final = "heating_status"
WHY_TOPIC: Final = "heating_why"
ROOM_STATUS_TOPIC: Final = "heating_room_status"
ROOM_WHY_TOPIC: Final = "heating_room_why"


def set_topic(mode: str) -> str:
    """Return the topic of the sentences that select a mode or profile."""
    return f"heating_set_{mode}"


def set_sentences(words: Mapping[str, str]) -> Sentences:
    """Return the sentences that select a mode or profile, whose word is given by language."""
    return {language: tuple(each.replace("{word}", words[language]) for each in _SET[language]) for language in _SET}


_STEM: Final = 3
"""The shortest part of a name that is compared."""
_ENDING: Final = 4
"""Letters by which the end of a declined name may differ, such as Wohnzimmers, olohuoneessa or гостиной."""


def find_room(spoken: str, names: Iterable[str]) -> str | None:
    """Return the name of the room that was spoken, also if it is declined; None if no or no single name fits."""
    wanted = _words(spoken)
    exact = [name for name in names if _words(name) == wanted]
    if exact:
        return exact[0]
    found = [name for name in names if _is_declined(wanted, _words(name))]
    return found[0] if len(found) == 1 else None


def _words(text: str) -> list[str]:
    return [word for word in text.casefold().replace("ё", "е").replace("-", " ").split() if word not in _ARTICLES]


_ARTICLES: Final = frozenset({"the", "my", "our", "der", "dem", "den", "die", "das"})


def _is_declined(spoken: list[str], name: list[str]) -> bool:
    """Whether the words of a name begin as the spoken ones and differ only in their ends."""
    return len(spoken) == len(name) > 0 and all(map(_same_stem, spoken, name, strict=True))


def _same_stem(spoken: str, word: str) -> bool:
    common = 0
    for left, right in zip(spoken, word, strict=False):
        if left != right:
            break
        common += 1
    return common >= min(_STEM, len(word)) and len(word) - common <= 2 and len(spoken) - common <= _ENDING
