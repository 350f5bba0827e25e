"""``scripts/release`` stages complete HACS repositories, the same bytes at every run."""

from collections.abc import Iterator
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
import re
import subprocess
from typing import Any
import zipfile

import pytest

from scripts.tooling import release
from scripts.tooling.addresses import ROOT, Addresses, apply, texts
from scripts.tooling.release import COMPONENTS, repository, sbom

DOMAINS = sorted(manifest.parent.name for manifest in COMPONENTS.glob("*/manifest.json"))
ADDRESSES = Addresses.load()
_SHA = re.compile(r"uses: (\S+?)@([0-9a-f]{40}) # \S+")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the stage of one run."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    assert release.main(["--stage", str(folder)]) == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_two_runs_create_the_same_bytes(stage: Path, tmp_path: Path) -> None:
    # The other run is in another folder, finds what an earlier one left there, and was started for a tag.
    (tmp_path / "ota" / "custom_components" / "ota").mkdir(parents=True)
    (tmp_path / "ota" / "custom_components" / "ota" / "stray.py").write_text("")
    (tmp_path / "SHA256SUMS").write_text("")
    version = json.loads((COMPONENTS / "ota" / "manifest.json").read_text())["version"]
    assert release.main(["--stage", str(tmp_path), "--tag", f"v{version}"]) == 0
    assert contents(tmp_path) == contents(stage)


def test_other_files_are_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ota").mkdir()
    (tmp_path / "ota" / "mine").write_text("mine")
    assert release.main(["--stage", str(tmp_path)]) == 1
    assert "choose an empty folder" in capsys.readouterr().err
    assert contents(tmp_path) == {"ota/mine": b"mine"}


def test_a_place_that_cannot_be_used_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "file", tmp_path / "file" / "folder"):
        assert release.main(["--stage", str(target)]) == 1
        assert capsys.readouterr().err == f"Not staged: {target}: Not a directory\n"


def test_a_tag_is_the_version_of_all_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tag in ("v9.9.9", "9.9"):
        assert release.main(["--stage", str(tmp_path), "--tag", tag]) == 1
        assert f"the tag is {tag}, but another version is in the manifest of ecoflow, " in capsys.readouterr().err
        assert not list(tmp_path.iterdir())
    found = dict(manifests())
    version = found["ota"]["version"]
    assert repository.tag_problem(version, found) is repository.tag_problem(f"v{version}", found) is None


def test_checksums_are_those_of_the_files(stage: Path) -> None:
    lines = {name: digest for digest, name in map(str.split, (stage / "SHA256SUMS").read_text().splitlines())}
    assert sorted(lines) == sorted(f"{domain}.{suffix}" for domain in DOMAINS for suffix in ("zip", "cdx.json"))
    for name, digest in lines.items():
        assert hashlib.sha256((stage / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_archive_is_the_content_of_the_folder(stage: Path, domain: str) -> None:
    with zipfile.ZipFile(stage / f"{domain}.zip") as packed:
        names = packed.namelist()
        assert packed.testzip() is None
        # HACS unpacks it into the domain's own folder.
        unpacked = {name: packed.read(name) for name in names}
    assert unpacked == contents(stage / domain / "custom_components" / domain)
    assert names == sorted(names, key=lambda name: Path(name).parts)
    assert {"manifest.json", "translations/en.json", "brand/icon.png", "brand/icon@2x.png", "_lib/__init__.py"} <= set(
        names
    )
    assert f"frontend/{domain}-cards.js" in names or not list((COMPONENTS / domain).glob("frontend/*-cards.js"))
    assert not [name for name in names if "__pycache__" in name or name.startswith(("/", ".."))]


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_tree_is_a_complete_repository(stage: Path, domain: str) -> None:
    tree = stage / domain
    assert {path.name for path in tree.iterdir()} - {"images"} == {
        ".github", "CHANGELOG.md", "LICENSE", "README.md", "custom_components", "hacs.json", "info.md"
    }  # fmt: skip
    # HACS reads the first folder; its default store wants one manifest in the whole repository.
    assert [path.parent.name for path in tree.rglob("manifest.json")] == [domain]
    hacs = json.loads((tree / "hacs.json").read_text())
    manifest = json.loads((tree / "custom_components" / domain / "manifest.json").read_text())
    assert hacs == {
        "name": manifest["name"],
        "homeassistant": "2026.10.4",
        "zip_release": True,
        "filename": f"{domain}.zip",
        "hide_default_branch": True,
    }
    changelog = (tree / "CHANGELOG.md").read_text()
    assert f"## {manifest['version']}" in changelog
    assert f"- `{domain}`: " in changelog
    assert not [other for other in DOMAINS if other != domain and f"`{other}`: " in changelog]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_link_of_a_repository_works_alone(stage: Path, domain: str) -> None:
    for name in ("README.md", "info.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", (stage / domain / name).read_text()):
            if link.startswith("#"):
                continue
            if not link.startswith("https://"):
                assert (stage / domain / link).is_file(), link
            elif link.startswith(ADDRESSES.docs):
                page = link.removeprefix(ADDRESSES.docs).partition("#")[0].strip("/")
                assert (ROOT / "docs" / f"{page or 'index'}.md").is_file(), link
            elif link.startswith(f"{ADDRESSES.source}/blob/main/"):
                assert (ROOT / link.removeprefix(f"{ADDRESSES.source}/blob/main/").partition("#")[0]).exists(), link


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_bill_of_materials_names_what_is_installed(stage: Path, domain: str) -> None:
    bill = json.loads((stage / f"{domain}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    refs = [item["bom-ref"] for item in bill["components"]]
    assert len(refs) == len(set(refs))
    assert refs == sorted(refs)
    locked = sbom.locked()
    python = {item["name"]: item["version"] for item in bill["components"] if item["purl"].startswith("pkg:pypi/")}
    assert all(locked[name] == version for name, version in python.items())
    requirements = json.loads((COMPONENTS / domain / "manifest.json").read_text())["requirements"]
    assert {re.split(r"[=<>\[]", text)[0].lower() for text in requirements} <= {name.lower() for name in python}
    # The graph is closed, and everything is reachable from the integration.
    graph = {item["ref"]: item["dependsOn"] for item in bill["dependencies"]}
    main = bill["metadata"]["component"]["bom-ref"]
    assert graph.keys() == {main, *refs}
    reached = {main}
    waiting = [main]
    while waiting:
        waiting += [ref for ref in graph[waiting.pop()] if ref not in reached and not reached.add(ref)]  # type: ignore[func-returns-value]  # a set
    assert reached == graph.keys()
    assert all(item.get("licenses") for item in bill["components"])


def test_transitive_packages_are_named(stage: Path) -> None:
    bill = json.loads((stage / "proof_of_heat.cdx.json").read_text())
    graph = {item["ref"].partition("@")[0]: item["dependsOn"] for item in bill["dependencies"]}
    assert any("pkg:pypi/httpx@" in ref for ref in graph["pkg:pypi/pyasic"])
    assert any(ref.startswith("pkg:pypi/anyio@") for ref in graph["pkg:pypi/httpx"])
    assert any(item["name"] == "lit" for item in bill["components"])


def test_optional_packages_are_not_named_unless_asked_for() -> None:
    plain, _ = sbom.python_packages(["psycopg>=3.2"])
    binary, edges = sbom.python_packages(["psycopg[binary]>=3.2"])
    assert "psycopg-binary" not in {item["name"] for item in plain}
    assert "psycopg-binary" in {item["name"] for item in binary}
    assert any("psycopg-binary" in ref for needs in edges.values() for ref in needs)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](control.md#rules)", f"[a]({ADDRESSES.docs}/control/#rules)"),
        ("[a](#rules)", "[a](#rules)"),
        ("[a](https://example.com)", "[a](https://example.com)"),
        ("[a](../firmware/README.md)", f"[a]({ADDRESSES.source}/blob/main/firmware/README.md)"),
        ("![a](images/dashboard.png)", "![a](images/dashboard.png)"),
    ],
)
def test_links_to_other_pages_become_absolute(link: str, expected: str) -> None:
    copied: list[str] = []
    assert repository.readme(f"x {link} y\n", ADDRESSES, copied.append) == f"x {expected} y"
    assert copied == (["dashboard.png"] if link.startswith("!") else [])


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for domain in DOMAINS:
        yield domain, json.loads((COMPONENTS / domain / "manifest.json").read_text())


def test_addresses_are_those_of_the_setting() -> None:
    for domain, manifest in manifests():
        assert manifest["documentation"] == ADDRESSES.page(domain)
        assert manifest["issue_tracker"] == ADDRESSES.issues
        assert manifest["codeowners"] == [f"@{ADDRESSES.owner}"]
    ours = re.compile(r"https://(?:github\.com/heat-suite|heat-suite\.github\.io)[^\s)\"'`>]*")
    allowed = (
        ADDRESSES.source,
        ADDRESSES.docs,
        ADDRESSES.firmware,
        *(ADDRESSES.repository(domain) for domain in (*DOMAINS, "{domain}")),
    )
    for file in texts():
        if file.suffix in (".md", ".json", ".yaml", ".yml", ".toml", ".py", ".ts"):
            for url in ours.findall(file.read_text("utf-8")):
                assert url.startswith(allowed) or file.parts[-2] == "tooling", f"{file}: {url}"


def test_one_command_changes_every_address(tmp_path: Path) -> None:
    old, new = (
        Addresses.load(),
        Addresses(
            "https://example.org/me/mine",
            "https://me.dev/mine",
            "https://me.dev/fw",
            "https://example.org/me/ha-{domain}",
        ),
    )
    setting = "".join(f'{name} = "{value}"\n' for name, value in asdict(old).items())
    manifest = {"codeowners": [f"@{old.owner}"], "documentation": old.page("ota"), "issue_tracker": old.issues}
    files = {
        "pyproject.toml": f"[tool.suite.addresses]\n{setting}",
        "manifest.json": json.dumps(manifest),
        "page.md": f"[a]({old.repository('ota')}) uses: {old.owner}/heat-suite/.github/workflows/x.yml@main",
        "other.md": "heat-suite-details and heat-suite stay",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG heat-suite/heat-suite")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    changed = {file.name for file in apply(new, tmp_path)}
    assert changed == {"pyproject.toml", "manifest.json", "page.md"}
    assert Addresses.load(tmp_path) == new
    assert json.loads((tmp_path / "manifest.json").read_text()) == {
        "codeowners": ["@me"], "documentation": "https://me.dev/mine/ota/", "issue_tracker": "https://example.org/me/mine/issues"
    }  # fmt: skip
    assert (tmp_path / "page.md").read_text() == (
        "[a](https://example.org/me/ha-ota) uses: me/mine/.github/workflows/x.yml@main"
    )
    assert apply(new, tmp_path) == []


def test_actions_of_workflows_are_pinned() -> None:
    files = [*(ROOT / ".github").rglob("*.yml"), Path(repository.__file__).parent / "validate.yml"]
    assert len(files) > 6
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            text = line.strip().removeprefix("- ")
            if text.startswith("uses: ") and "heat-suite/" not in text and not text.startswith("uses: ./"):
                assert _SHA.fullmatch(text), f"{file}: {text}"
    pins: dict[str, set[str]] = {}
    for file in files:
        for name, sha in _SHA.findall(file.read_text("utf-8")):
            pins.setdefault(name, set()).add(sha)
    assert {name: shas for name, shas in pins.items() if len(shas) > 1} == {}


def test_the_workflow_attests_archives_and_bills() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    for part in (
        "attest-build-provenance@",
        "attest-sbom@",
        "dist/*.zip",
        "--tag",
        "id-token: write",
        "attestations: write",
    ):
        assert part in text
