"""The demo's Home Assistant configuration folder: created, recognized and cleared."""

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
import fcntl
import importlib.util
import json
import os
from pathlib import Path
import secrets
import shutil
import socket
from typing import Any, Self

from .plugin import Device, SimulatorSpec

ROOT = Path(__file__).resolve().parents[3]
TIME_ZONE = "Europe/Rome"
STATE = ".suite-demo.json"
_HELPERS = Path(__file__).parent / "hass"
_STAND_INS = Path(__file__).parent / "stand_ins"

# The content of `default_config` without what needs other programs or the internet: the demo works offline.
CONFIGURATION = """\
# Written by scripts/demo at every start.
homeassistant:
  name: Demo home
  latitude: 45.0
  longitude: 8.0
  elevation: 240
  radius: 100
  unit_system: metric
  currency: EUR
  country: IT
  time_zone: {time_zone}
  internal_url: {url}
assist_pipeline:
automation: !include automations.yaml
config:
conversation:
counter:
energy:
frontend:
history:
image_upload:
input_boolean:
input_button:
input_datetime:
input_number:
input_select:
input_text:
logbook:
logger:
  default: warning
mobile_app:
my:
person:
recorder:
  commit_interval: 1
schedule:
script: !include scripts.yaml
sun:
system_health:
tag:
template:
  - weather:
      - name: Home forecast
        unique_id: suite_home_weather
        condition: >-
          {{{{ (state_attr('sensor.weather_forecast', 'forecast') or [{{'condition': 'cloudy'}}])[0].condition }}}}
        temperature: "{{{{ states('sensor.weather_station_temperature') | float(none) }}}}"
        temperature_unit: °C
        humidity: "{{{{ states('sensor.weather_station_humidity') | float(none) }}}}"
        forecast_hourly: "{{{{ state_attr('sensor.weather_forecast', 'forecast') or [] }}}}"
timer:
webhook:
zone:
suite_demo:
"""


class ForeignFolderError(Exception):
    """The folder contains files that the demo did not create."""


class InUseError(Exception):
    """The folder or the port is in use by another process."""


def lock(folder: Path) -> int:
    """Lock the folder for the lifetime of this process; return the descriptor that holds the lock.

    Raises:
        InUseError: Another demo is running in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        os.close(held)
        raise InUseError(f"another demo is running in {folder}; choose another folder with --config") from err
    return held


def check_port(port: int) -> None:
    """Check that Home Assistant can listen on a port.

    Raises:
        InUseError: The port is not available.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as err:
        raise InUseError(
            f"port {port} is not available ({os.strerror(err.errno or 0)}); choose another one with --port"
        ) from err


@dataclass(slots=True)
class State:
    """State of a demo folder between starts. It contains keys, so its file is private to the user."""

    complete: bool = False
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    token: str = ""
    readonly_token: str = ""
    broker_port: int = 0
    url: str = ""
    """URL of Home Assistant at the last start, with which simulators that call it were started."""
    entries: dict[str, list[str]] = field(default_factory=dict)
    devices: list[Device] = field(default_factory=list)
    simulators: list[SimulatorSpec] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Load the state of a folder; None if it has none or was not completed."""
        try:
            data = json.loads((folder / STATE).read_text("utf-8"))
        except FileNotFoundError:
            return None
        if not data.get("complete"):
            return None
        data["devices"] = [Device(**item) for item in data["devices"]]
        data["simulators"] = [SimulatorSpec(**item) for item in data["simulators"]]
        return cls(**data)

    def move(self, url: str) -> None:
        """Point the simulators that call Home Assistant at its new URL."""
        if self.url and self.url != url:
            old = {self.url: url, f"--url={self.url}": f"--url={url}"}
            for number, spec in enumerate(self.simulators):
                arguments = [old.get(argument, argument) for argument in spec.arguments]
                self.simulators[number] = replace(spec, arguments=arguments)
        self.url = url

    def save(self, folder: Path) -> None:
        """Write the state atomically."""
        temp = folder / f"{STATE}.new"
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temp.replace(folder / STATE)


def prepare(folder: Path, url: str, port: int, *, fresh: bool) -> State:
    """Prepare a folder for a start and return its state; an incomplete or unwanted one is cleared first.

    Raises:
        ForeignFolderError: The folder contains other files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = (folder / STATE).exists()
    if not ours and any(folder.iterdir()):
        raise ForeignFolderError(f"{folder} is not empty and was not created by the demo; choose another folder")
    state = State.load(folder)
    if fresh or state is None:
        _clear(folder)
        state = State()
        state.save(folder)
        write_storage(folder, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})
        for name in ("automations.yaml", "scripts.yaml"):
            (folder / name).write_text("[]\n" if name == "automations.yaml" else "{}\n", "utf-8")
    if state.url != url:
        state.move(url)
        state.save(folder)
    # Stored as confirmed: Home Assistant otherwise asks in the browser to confirm a custom port.
    write_storage(
        folder, "http", 2, {"stable": http_settings(port), "pending": None, "yaml_migration_done": True}, minor=2
    )
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(url=url, time_zone=TIME_ZONE), "utf-8")
    _link_components(folder)
    _copy_blueprints(folder)
    return state


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def write_storage(folder: Path, key: str, version: int, data: dict[str, Any], minor: int = 1) -> None:
    """Write a file of `.storage`."""
    file = folder / ".storage" / key
    file.parent.mkdir(exist_ok=True)
    whole = {"version": version, "minor_version": minor, "key": key, "data": data}
    file.write_text(json.dumps(whole), "utf-8")


def http_settings(port: int) -> dict[str, Any]:
    """Return the settings of Home Assistant's web server: on loopback, without a limit of failed logins."""
    return {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }


def _link_components(folder: Path) -> None:
    """Link the integrations and the demo's helpers, so that an edit needs only a restart."""
    target = folder / "custom_components"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for source in [*(ROOT / "custom_components").iterdir(), *_HELPERS.iterdir()]:
        if (source / "manifest.json").is_file():
            (target / source.name).symlink_to(source)


def _copy_blueprints(folder: Path) -> None:
    source = ROOT / "blueprints"
    for kind in ("automation", "script"):
        if (source / kind).is_dir():
            shutil.copytree(source / kind, folder / "blueprints" / kind, dirs_exist_ok=True)


def python_path() -> str:
    """Return the PYTHONPATH of Home Assistant: empty, or substitutes for voice libraries that could not be built.

    Without them the websocket command ``get_services`` fails, and with it every page of the frontend.
    """
    real = all(importlib.util.find_spec(name) for name in ("pymicro_vad", "pyspeex_noise"))
    return "" if real else str(_STAND_INS)
