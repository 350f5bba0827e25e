"""Options and states that several families have in common."""

NEVER_TO_24_H: dict[str, int] = {
    "never": 0,
    "30_min": 30,
    "1_h": 60,
    "2_h": 120,
    "4_h": 240,
    "6_h": 360,
    "12_h": 720,
    "24_h": 1440,
}
NEVER_TO_12_H: dict[str, int] = {name: value for name, value in NEVER_TO_24_H.items() if value <= 720}
SCREEN_TIMEOUTS: dict[str, int] = {
    "never": 0,
    "10_s": 10,
    "30_s": 30,
    "1_min": 60,
    "5_min": 300,
    "30_min": 1800,
}
# Placeholders that most firmwares send as a remaining time when there is none.
NO_REMAINING_TIME = (5939, 5940, 5999, 143_999)
