"""Check quality_scale.yaml: every rule has a status, and statuses that can be verified are true."""

from collections.abc import Callable, Iterator

from .integration import ROOT, Findings, Integration, Json

TIERS = {
    "bronze": "action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage "
    "dependency-transparency docs-actions docs-conditions docs-high-level-description "
    "docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id "
    "has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry",
    "silver": "action-exceptions config-entry-unloading docs-configuration-parameters "
    "docs-installation-parameters entity-unavailable integration-owner log-when-unavailable parallel-updates "
    "reauthentication-flow test-coverage",
    "gold": "devices diagnostics discovery discovery-update-info docs-data-update docs-examples "
    "docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases "
    "dynamic-devices entity-category entity-device-class entity-disabled-by-default entity-translations "
    "exception-translations icon-translations reconfiguration-flow repair-issues stale-devices",
    "platinum": "async-dependency inject-websession strict-typing",
}
ALL = {rule: tier for tier, rules in TIERS.items() for rule in rules.split()}


def check(integration: Integration) -> Findings:
    """Return all findings about quality_scale.yaml."""
    rules = integration.load("quality_scale.yaml").get("rules", {})
    if not rules:
        yield "quality_scale.yaml is missing"
        return
    for rule in ALL.keys() - rules.keys():
        yield f"quality_scale.yaml: {rule} is missing"
    for rule, value in rules.items():
        status = value.get("status") if isinstance(value, dict) else value
        if rule not in ALL or status not in ("done", "todo", "exempt"):
            yield f"quality_scale.yaml: bad rule or status: {rule}: {status}"
        elif status == "exempt" and not str(value.get("comment", "")).strip():
            yield f"quality_scale.yaml: {rule}: exempt needs a comment"
        elif status == "exempt" and rule in _AGAINST and _AGAINST[rule](integration):
            yield f"quality_scale.yaml: {rule} is exempt, but the code has what the rule is about"
        elif status == "done" and rule in _EVIDENCE and not _EVIDENCE[rule](integration):
            yield f"quality_scale.yaml: {rule} is done, but the code shows no evidence of it"


def tier(integration: Integration) -> str:
    """Return the highest tier whose rules are all done or exempt."""
    rules: Json = integration.load("quality_scale.yaml").get("rules", {})
    reached = "none"
    for name, wanted in TIERS.items():
        if any(_status(rules.get(rule)) not in ("done", "exempt") for rule in wanted.split()):
            break
        reached = name
    return reached


def _status(value: object) -> object:
    return value.get("status") if isinstance(value, dict) else value


def _has_file(name: str) -> Callable[[Integration], bool]:
    return lambda integration: (integration.path / name).is_file()


def _code_has(*words: str) -> Callable[[Integration], bool]:
    return lambda integration: any(
        any(word in file.read_text("utf-8") for word in words) for file in integration.modules()
    )


def _docs_have(*words: str) -> Callable[[Integration], bool]:
    def has(integration: Integration) -> bool:
        files = (ROOT / "docs" / f"{integration.domain}.md", *(ROOT / "docs" / integration.domain).glob("*.md"))
        headings = "\n".join(line for file in files if file.is_file() for line in _headings(file.read_text("utf-8")))
        return any(word in headings for word in words)

    return has


def _headings(text: str) -> Iterator[str]:
    return (line.lower() for line in text.splitlines() if line.startswith("#"))


def _tested(name: str) -> Callable[[Integration], bool]:
    return lambda integration: any((ROOT / "tests" / integration.domain).rglob(name))


# Evidence that needs no test run; rules without an entry are checked by reviewers.
_EVIDENCE: dict[str, Callable[[Integration], bool]] = {
    "brands": _has_file("brand/icon.png"),
    "common-modules": lambda i: (
        (_has_file("coordinator.py")(i) or _has_file("data.py")(i)) and _has_file("entity.py")(i)
    ),
    "config-flow": _has_file("config_flow.py"),
    "config-flow-test-coverage": _tested("test_config_flow.py"),
    "config-entry-unloading": _code_has("async_unload_entry"),
    "diagnostics": _has_file("diagnostics.py"),
    "discovery": _code_has(
        "async_step_discovery",
        "async_step_integration_discovery",
        "async_step_zeroconf",
        "async_step_dhcp",
        "async_step_usb",
        "async_step_mqtt",
    ),
    "docs-actions": _docs_have("action"),
    "docs-conditions": _docs_have("condition"),
    "docs-configuration-parameters": _docs_have("configur", "option"),
    "docs-data-update": _docs_have("data update"),
    "docs-examples": _docs_have("example"),
    "docs-installation-instructions": _docs_have("install"),
    "docs-installation-parameters": _docs_have("install", "configur", "set up"),
    "docs-known-limitations": _docs_have("limit"),
    "docs-removal-instructions": _docs_have("remov"),
    "docs-supported-devices": _docs_have("support"),
    "docs-supported-functions": _docs_have("entit", "function"),
    "docs-triggers": _docs_have("trigger"),
    "docs-troubleshooting": _docs_have("trouble"),
    "docs-use-cases": _docs_have("use cases"),
    "exception-translations": lambda i: bool(i.english.get("exceptions")),
    "has-entity-name": _code_has("_attr_has_entity_name = True", "PublishedEntity"),
    "icon-translations": _has_file("icons.json"),
    "parallel-updates": lambda i: all(
        "PARALLEL_UPDATES" in text
        for text in (file.read_text("utf-8") for file in i.path.glob("*.py"))
        if "def async_setup_entry" in text and "AddConfigEntryEntitiesCallback" in text
    ),
    "reauthentication-flow": _code_has("async_step_reauth"),
    "reconfiguration-flow": _code_has("async_step_reconfigure"),
    "repair-issues": _code_has("async_create_issue"),
    "runtime-data": _code_has("runtime_data"),
}
# What contradicts an exemption.
_AGAINST: dict[str, Callable[[Integration], bool]] = {
    "action-setup": _has_file("services.yaml"),
    "appropriate-polling": _has_file("coordinator.py"),
    "dependency-transparency": lambda i: bool(i.manifest.get("requirements")),
    "discovery": _EVIDENCE["discovery"],
    "discovery-update-info": _code_has("async_step_zeroconf", "async_step_dhcp"),
    "docs-actions": _has_file("services.yaml"),
    "docs-conditions": _has_file("conditions.yaml"),
    "docs-triggers": _has_file("triggers.yaml"),
    "reauthentication-flow": _EVIDENCE["reauthentication-flow"],
    "reconfiguration-flow": lambda i: "async_step_reconfigure" in (i.path / "config_flow.py").read_text("utf-8"),
    "repair-issues": _EVIDENCE["repair-issues"],
}
