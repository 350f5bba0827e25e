"""Play a new user's first evening on a clean Home Assistant, in a real browser.

    scripts/first-evening                                     with a visible browser
    scripts/first-evening --headless --json [--config DIR]    prints one JSON line when done

Home Assistant starts in an empty folder with nothing but the archives of scripts/release, with an older version number.
A simulated home provides thermometers, an outdoor sensor, a price sensor and a heat pump; Home Assistant has had the
sensors for ten days (hourly statistics), or not with --without-history. The user adds a heating system in the guided
dialog, turns on control, waits for the first decision with numbers, adds the dashboard, and waits for the first plan.
Then the other five integrations are added and three blueprints imported, all are updated, a downgrade is refused, and
all entries are removed. Onboarding and HACS are not played and not counted.

The JSON line: {"ok", "clicks", "fields", "dialogs", "seconds", "seconds_to_decision", "seconds_to_plan", "plan": {...},
"others": [...], "blueprints": [...], "update": {...}, "steps": [...], "targets", "missed", "left", "screenshots"}.
Clicks, fields and dialogs are those until the dashboard is there. The exit status is 1 if a step fails or a target is
missed.
"""

import argparse
import asyncio
import contextlib
from datetime import UTC, datetime
import json
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Any

from playwright.async_api import async_playwright

from .. import release
from ..demo import broker, folder as config_folder, home, provision
from ..demo.client import HomeAssistant
from ..demo.plugin import World
from ..demo.process import Children
from ..ports import free_port
from . import others
from .past import import_past
from .update import OLDER, SUITE as _SUITE, Update, install
from .visitor import Visitor

ROOT = Path(__file__).resolve().parents[3]
TARGETS = {"clicks": 15, "fields": 6, "seconds_to_decision": 600, "seconds_to_plan": 600}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_DOMAIN = "proof_of_heat"


class Evening:
    """One run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.folder: Path = args.config.resolve()
        self.port = args.port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.children = Children(self.folder / "logs")
        self.stage = self.folder.parent / f"{self.folder.name}-dist"
        self.begun = time.monotonic()

    def log(self, text: str) -> None:
        """Print a line of progress."""
        print(f"[{time.monotonic() - self.begun:5.1f} s] {text}", file=sys.stderr, flush=True)

    def prepare(self) -> None:
        """Create the folder: the archives, and Home Assistant's own configuration."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise SystemExit(f"{self.folder} is not empty; choose another folder with --config")
        shutil.rmtree(self.stage, ignore_errors=True)
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for the JSON line
            release.main(["--stage", str(self.stage)])
        install(self.stage, self.folder, OLDER)
        text = config_folder.CONFIGURATION.format(url=self.url, time_zone=config_folder.TIME_ZONE)
        (self.folder / "configuration.yaml").write_text(text.replace("suite_demo:\n", ""), "utf-8")
        (self.folder / "automations.yaml").write_text("[]\n", "utf-8")
        (self.folder / "scripts.yaml").write_text("{}\n", "utf-8")
        config_folder.write_storage(
            self.folder,
            "http",
            2,
            {"stable": config_folder.http_settings(self.port), "pending": None, "yaml_migration_done": True},
            minor=2,
        )
        config_folder.write_storage(self.folder, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})

    async def start(self) -> HomeAssistant:
        """Start broker, home, heat pump and Home Assistant."""
        queue = await broker.start(self.children, self.folder, free_port(), "secret")
        world = World(self.url, 1.0, datetime.now(UTC), queue, simulated=True)
        await self._start_server()
        pump, control = free_port(), free_port()
        arguments = ["--host", "127.0.0.1", "--port", str(pump), "--control-port", str(control)]
        for module, options in (
            ("viessmann_cloud", arguments),
            ("home", list(home.simulator(world, {"heat_pump": control}).arguments)),
        ):
            child = await self.children.start(
                module, [sys.executable, "-m", f"simulators.{module}", *options], cwd=ROOT,
                env={"PYTHONPATH": str(ROOT)}, pipe=True,
            )  # fmt: skip
            await child.ready_line(120)
        self.pump = f"http://127.0.0.1:{pump}"
        await self._start_others()
        return await self._onboard(queue)

    async def _start_server(self) -> None:
        env = {"PYTHONPATH": config_folder.python_path(), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "homeassistant", "--config", str(self.folder), "--skip-pip"]
        self.server = await self.children.start("home-assistant", command, cwd=self.folder, env=env)

    async def _start_others(self) -> None:
        """Start the cloud of the power stations, and a server with the blueprints."""
        cloud = await self.children.start(
            "ecoflow_cloud",
            [sys.executable, "-m", "simulators.ecoflow_cloud", "--port", "0", "--broker-port", str(free_port()),
             "--folder", str(self.folder / "cloud"), "--device", "delta_pro"],
            cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, pipe=True,
        )  # fmt: skip
        port = (await cloud.ready_line(120))["port"]
        self.cloud = others.Endpoint(f"https://127.0.0.1:{port}", self.folder / "cloud" / "ca.pem")
        files = free_port()
        command = [sys.executable, "-m", "http.server", str(files), "--bind", "127.0.0.1"]
        await self.children.start("blueprints", command, cwd=ROOT / "blueprints")
        self.files = f"http://127.0.0.1:{files}"

    async def _onboard(self, queue: dict[str, Any]) -> HomeAssistant:
        self.session = HomeAssistant.connect(self.url)
        ha = await self.session.__aenter__()
        await ha.wait_until_up(240)
        await ha.onboard("Anna", "anna", "anna")
        await ha.wait_until_running(240)
        await provision.mqtt_entry(ha, queue, broker.protocol())
        await home.sensors_of(ha)
        if not self.args.without_history:
            self.log(f"importing {await import_past(ha)} hours of the sensors' past")
        return ha

    async def _update(self, user: Visitor, ha: HomeAssistant) -> dict[str, Any]:
        async def stop() -> None:
            await ha.close_socket()
            await self.server.stop(grace_s=60)
            self.children.forget(self.server)

        async def start() -> None:
            await self._start_server()
            await ha.wait_until_up(240)
            await ha.wait_until_running(240)

        return await Update(ha, self.folder, self.stage, stop, start).play(user, self.url)

    async def play(self, ha: HomeAssistant) -> dict[str, Any]:
        """Do what the user does; return the result."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=_FLAGS, headless=self.args.headless
            )
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            await page.goto(f"{self.url}/config/integrations/dashboard")
            await page.fill("input[name=username]", "anna")
            await page.fill("input[name=password]", "anna")
            await page.press("input[name=password]", "Enter")
            await page.locator("ha-config-integrations-dashboard").wait_for(timeout=120_000)
            user = Visitor(page, self.args.screenshots)
            self.log("logged in; adding the heating system")
            try:
                await self.set_up(user)
                entry = await self._entry(ha)
                self.log("turning on control")
                decision = await self.until_decision(ha, user, entry)
                await self.dashboard(user)
                counts = {"clicks": user.clicks, "fields": user.fields, "dialogs": user.dialogs}
                self.log("waiting for the first plan")
                planned, plan = await self.until_plan(ha, user, entry)
                self.log("adding the other integrations")
                added = await others.add_all(user, ha, self.url, self.cloud)
                self.log("importing blueprints")
                blueprints = await others.import_blueprints(user, ha, self.url, self.files)
                self.log("updating all integrations")
                update = await self._update(user, ha)
            except Exception:
                await user.page.screenshot(path=self.folder / "failed.png")
                raise
            finally:
                await context.close()
                await browser.close()
        self.log("removing everything")
        left = await self.remove(ha)
        done = user.steps[-1]
        numbers = {
            "clicks": counts["clicks"],
            "fields": counts["fields"],
            "seconds_to_decision": decision,
            "seconds_to_plan": planned,
        }
        missed = [name for name, limit in TARGETS.items() if (reached := numbers[name]) is not None and reached > limit]
        broken = [*left, *update["lost"], *update["downgrade"]["changed"]]
        return {
            "ok": not missed and not broken and len(blueprints) == len(others.BLUEPRINTS),
            **numbers,
            "plan": plan,
            "update": update,
            "dialogs": counts["dialogs"],
            "others": added,
            "blueprints": blueprints,
            "seconds": done["seconds"],
            "missed": missed,
            "left": left,
            "steps": user.steps,
            "targets": TARGETS,
            "screenshots": str(self.args.screenshots),
        }

    async def set_up(self, user: Visitor) -> None:
        """The guided dialog: system, zone, price, heat source."""
        user.begun = time.monotonic()
        await user.start_flow(self.url, _DOMAIN, "Heating system")
        await user.picture("system")
        await user.submit()
        await user.form("First zone")
        await user.enter(user.box(0), "Living room")
        await user.choose(0, "Living room")
        await user.picture("zone")
        await user.submit()
        await user.form("Electricity price")
        await user.picture("price")
        await user.submit()
        await user.dialog.get_by_text("Select the type of heat source.").first.wait_for(timeout=90_000)
        user.dialogs += 1
        await user.picture("type")
        await user.click(user.dialog.get_by_text("Viessmann heat pump (cloud, with password)", exact=True))
        await user.form("Viessmann heat pump (cloud, with password)")
        await user.enter(user.box(1), "demo-client")
        await user.enter(user.box(2), "demo@example.com")
        await user.enter(user.box(3), "demo")
        await user.enter(user.box(4), self.pump)
        await user.choose(0, "Heat pump meter")  # its past is what the first plan is learned from
        await user.picture("heat-pump")
        await user.submit()
        await user.dialog.get_by_text("was added", exact=False).first.wait_for(timeout=90_000)
        user.dialogs += 1
        await user.picture("added")
        await user.click(user.dialog.get_by_role("button", name="Finish"))

    async def _entry(self, ha: HomeAssistant) -> str:
        entries = await ha.call("config_entries/get", domain=_DOMAIN)
        return str(entries[0]["entry_id"])

    async def until_decision(self, ha: HomeAssistant, user: Visitor, entry_id: str) -> float:
        """Turn on control on the device page, and wait for a decision with numbers."""
        registry = {item["unique_id"]: item for item in await ha.entity_keys()}
        switch = registry[f"{entry_id}_control_active"]
        await user.page.goto(f"{self.url}/config/devices/device/{switch['device_id']}")
        toggle = user.page.locator("ha-device-entities-card").locator("ha-entity-toggle").first
        await toggle.wait_for(timeout=90_000)
        await user.picture("device")
        await user.click(toggle)
        wanted = [
            registry[f"{entry_id}_{key}"]["entity_id"] for key in ("demand", "electricity_price", "flow_setpoint")
        ]
        end = time.monotonic() + TARGETS["seconds_to_decision"]
        while time.monotonic() < end:
            states = [(await ha.get(f"states/{entity_id}"))["state"] for entity_id in wanted]
            control = (await ha.get(f"states/{switch['entity_id']}"))["state"]
            if control == "on" and all(_is_number(state) for state in states):
                break
            await asyncio.sleep(1)
        else:
            raise TimeoutError(f"no decision with numbers: {dict(zip(wanted, states, strict=True))}")
        seconds = round(time.monotonic() - user.begun, 1)
        await user.picture("decision")
        return seconds

    async def until_plan(self, ha: HomeAssistant, user: Visitor, entry_id: str) -> tuple[float | None, dict[str, Any]]:
        """Wait for the first plan with numbers; return the seconds and the numbers, or when it is expected."""
        registry = {item["unique_id"]: item["entity_id"] for item in await ha.entity_keys()}
        forecast, learning = registry[f"{entry_id}_forecast_consumption"], registry[f"{entry_id}_model_error"]
        end = time.monotonic() + TARGETS["seconds_to_plan"]
        while not self.args.without_history and time.monotonic() < end:
            found = await ha.get(f"states/{forecast}")
            if _is_number(found["state"]):
                seconds = round(time.monotonic() - user.begun, 1)
                await user.page.reload()
                await user.page.locator("proof-of-heat-overview-card").first.wait_for(timeout=90_000)
                await user.page.wait_for_timeout(2000)  # the cards' animations
                await user.picture("plan")
                numbers = {key: found["attributes"].get(key) for key in ("low", "high", "heat", "cost")}
                return seconds, {"energy_kwh": float(found["state"]), **numbers}
            await asyncio.sleep(1)
        shown = (await ha.get(f"states/{learning}"))["attributes"]
        if not self.args.without_history:
            raise TimeoutError(f"no plan with numbers: {shown}")
        return None, {"history_hours": shown["history_hours"], "expected": shown["expected"]}

    async def dashboard(self, user: Visitor) -> None:
        """Open the dashboard that builds itself."""
        await user.page.goto(f"{self.url}/config/lovelace/dashboards")
        await user.click(user.page.get_by_role("button", name="Add dashboard"))
        user.dialogs += 1
        choice = user.page.get_by_text("Heat suite", exact=True)
        await choice.first.wait_for(timeout=90_000)
        await user.picture("dashboard-choice")
        await user.click(choice)
        create = user.page.get_by_role("button", name="Create")
        await create.first.wait_for(timeout=90_000)
        user.dialogs += 1
        await user.enter(user.page.locator("dialog-lovelace-dashboard-detail ha-selector-text input"), "My heating")
        await user.click(create)
        await create.first.wait_for(state="detached", timeout=90_000)
        await user.page.goto(f"{self.url}/my-heating")
        await user.page.locator("proof-of-heat-overview-card").first.wait_for(timeout=90_000)
        await user.page.wait_for_timeout(2000)  # the cards' animations
        await user.picture("dashboard")

    async def remove(self, ha: HomeAssistant) -> list[str]:
        """Remove the entries; return what remains of them, except the archives, which are kept for a new entry."""
        for domain in _SUITE:
            for entry in await ha.call("config_entries/get", domain=domain):
                await ha.request("DELETE", f"config/config_entries/entry/{entry['entry_id']}", None)
        await asyncio.sleep(3)
        left = stores_with_content(self.folder / ".storage")
        left += [item["entity_id"] for item in await ha.entity_keys() if item["platform"] in _SUITE]
        devices = await ha.call("config/device_registry/list")
        left += [f"device {item['name']}" for item in devices if any(key[0] in _SUITE for key in item["identifiers"])]
        return sorted(left)


def stores_with_content(folder: Path) -> list[str]:
    """Return the suite's stores that hold more than the next number of a device, which is not used twice."""
    found = []
    for path in folder.iterdir():
        if path.name.startswith(_SUITE):
            data = json.loads(path.read_text("utf-8"))["data"]
            if not isinstance(data, dict) or any(value for value in data.values() if not isinstance(value, int)):
                found.append(path.name)
    return found


def _is_number(state: str) -> bool:
    try:
        float(state)
    except ValueError:
        return False
    return True


async def run(args: argparse.Namespace) -> int:
    """Run it; return the exit status."""
    evening = Evening(args)
    evening.prepare()
    try:
        evening.log("starting a clean Home Assistant with the released archives")
        ha = await evening.start()
        result = await evening.play(ha)
    finally:
        if hasattr(evening, "session"):
            await evening.session.__aexit__(None, None, None)
        await evening.children.stop()
        shutil.rmtree(evening.stage, ignore_errors=True)
    if args.json:
        print(json.dumps(result), flush=True)
    else:
        for step in result["steps"]:
            print(f"{step['step']:<18} {step['seconds']:6.1f} s  {step['clicks']} clicks  {step['fields']} fields")
        for item in result["others"]:
            print(item)
        print({name: result[name] for name in (*TARGETS, "dialogs", "blueprints", "missed", "left")})
    return 0 if result["ok"] else 1


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/first-evening", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--headless", action="store_true", help="without a visible browser")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    parser.add_argument("--port", type=int, help="port of Home Assistant (any)")
    parser.add_argument("--config", type=Path, help="empty folder for Home Assistant (a temporary one)")
    parser.add_argument(
        "--without-history",
        action="store_true",
        help="the sensors are new: report when a plan is expected",
    )
    parser.add_argument("--screenshots", type=Path, default=ROOT / "artifacts" / "first-evening", help="folder")
    args = parser.parse_args()
    if args.config is not None:
        return asyncio.run(run(args))
    with tempfile.TemporaryDirectory(prefix="first-evening-") as folder:
        args.config = Path(folder) / "config"
        args.config.mkdir()
        return asyncio.run(run(args))


if __name__ == "__main__":
    sys.exit(main())
