"""Configuration folders with released archives, and Home Assistant in them."""

import asyncio
import json
import os
from pathlib import Path
import sys
from typing import Any
import zipfile

from scripts.tooling.demo import folder as config_folder

type Flows = dict[str, list[dict[str, Any]]]
"""The steps of the config flow by integration."""


def home(folder: Path, stage: Path, domains: list[str]) -> Path:
    """Create a configuration folder that contains the archives of some integrations."""
    for domain in domains:
        with zipfile.ZipFile(stage / f"{domain}.zip") as packed:
            packed.extractall(folder / "custom_components" / domain)
    (folder / "configuration.yaml").write_text("")
    # Port 0: any free one.
    stored = {"stable": config_folder.http_settings(0), "pending": None, "yaml_migration_done": True}
    (folder / ".storage").mkdir(exist_ok=True)
    (folder / ".storage" / "http").write_text(
        json.dumps({"version": 2, "minor_version": 2, "key": "http", "data": stored})
    )
    return folder


async def run(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Boot Home Assistant once per case; return what each reports."""
    process = await asyncio.create_subprocess_exec(
        # The nightly run tries the newest Home Assistant, which has no test plugin yet.
        os.environ.get("RELEASE_PYTHON", sys.executable),
        str(Path(__file__).with_name("boot.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": config_folder.python_path(), "HOME": str(folder)},
    )
    output, errors = await process.communicate(json.dumps(cases).encode())
    results = [json.loads(line) for line in output.splitlines()]
    assert len(results) == len(cases), errors.decode()[-4000:]
    for case, result in zip(cases, results, strict=True):
        assert "error" not in result, f"{case}: {result['error']}"
    return results
