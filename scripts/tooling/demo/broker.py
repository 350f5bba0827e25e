"""The demo's MQTT broker: mosquitto if it is installed, otherwise amqtt."""

import asyncio
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

from .process import Child, ChildFailedError, Children

USERNAME = "demo"


def mosquitto() -> str | None:
    """Return the path of mosquitto, which Debian installs in /usr/sbin."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def protocol() -> str:
    """Return the MQTT version for Home Assistant's entry: amqtt supports 3.1.1 only."""
    return "5" if mosquitto() else "3.1.1"


async def start(children: Children, folder: Path, port: int, password: str) -> dict[str, Any]:
    """Start a broker with one user on loopback; return host, port, username and password."""
    home = folder / "broker"
    home.mkdir(exist_ok=True)
    program = mosquitto()
    command = _mosquitto(program, home, port, password) if program else _amqtt(home, port, password)
    child = await children.start("broker", command, cwd=home)
    await _listening(child, port)
    return {"host": "127.0.0.1", "port": port, "username": USERNAME, "password": password}


def _mosquitto(program: str, home: Path, port: int, password: str) -> list[str]:
    users, config = home / "users", home / "mosquitto.conf"
    users.write_text(f"{USERNAME}:{password}\n", "utf-8")
    users.chmod(0o600)
    # Hashes the passwords of the file in place.
    hasher = Path(program).with_name("mosquitto_passwd")
    tool = str(hasher) if hasher.exists() else shutil.which("mosquitto_passwd") or "mosquitto_passwd"
    subprocess.run([tool, "-U", str(users)], check=True, capture_output=True, timeout=20)
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n"
        "persistence false\nmax_queued_messages 0\nuser root\n",
        "utf-8",
    )
    return [program, "-c", str(config)]


def _amqtt(home: Path, port: int, password: str) -> list[str]:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    users, config = home / "users", home / "amqtt.yaml"
    users.write_text(f"{USERNAME}:{PasswordHash((Argon2Hasher(),)).hash(password)}\n", "utf-8")
    users.chmod(0o600)
    config.write_text(
        "listeners:\n  default:\n    type: tcp\n"
        f"    bind: 127.0.0.1:{port}\n"
        "plugins:\n"
        "  amqtt.plugins.authentication.FileAuthPlugin:\n"
        f"    password_file: {users}\n",
        "utf-8",
    )
    return [str(Path(sys.executable).with_name("amqtt")), "-c", str(config)]


async def _listening(child: Child, port: int) -> None:
    for _ in range(100):
        if child.process.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise ChildFailedError(f"the MQTT broker did not start:\n{child.tail()}")
