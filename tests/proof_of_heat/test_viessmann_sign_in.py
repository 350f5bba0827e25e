"""Sign-in to a Viessmann account in the browser (OAuth2 with PKCE): new, changed, rejected, and what is stored."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
import json
import re
from typing import Any

import aiohttp
from homeassistant.components.application_credentials import ClientCredential, async_import_client_credential
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import config_entry_oauth2_flow as oauth2
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.proof_of_heat import application_credentials
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.diagnostics import async_get_config_entry_diagnostics
from custom_components.proof_of_heat.flows.sign_in import redirect_uri
from custom_components.proof_of_heat.sources.registry import forms
from custom_components.proof_of_heat.sources.viessmann_sign_in import ViessmannSignIn
from simulators.framework import running
from simulators.viessmann_cloud.cloud import ViessmannCloud

from .flow import add, begin, change, go_on
from .ha import OUTDOOR, ROOM, idle, start, system, thermometer

CLIENT = "demo-client"
KIND = "viessmann_sign_in"
USER = {"isiwebuserid": "demo@example.com", "isiwebpasswd": "demo"}
REDIRECT = oauth2.MY_AUTH_CALLBACK_PATH


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.config.components.add("my")  # the redirect URI of nearly every installation
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = system()
    await start(hass, made)
    return made


@asynccontextmanager
async def account(*options: str) -> AsyncGenerator[tuple[ViessmannCloud, dict[str, Any]]]:
    """A cloud whose client is registered with Home Assistant's redirect URI, and what a user enters."""
    async with running(ViessmannCloud, ["--port", "0", "--redirect-uri", REDIRECT, *options]) as cloud:
        yield cloud, {"client_id": CLIENT, "day_limit": 1450, "host": f"http://127.0.0.1:{cloud.port}"}


async def browse(url: str, form: dict[str, str]) -> dict[str, str]:
    """Open the website and send its form; return what it sends back with the browser."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as page:
            assert page.status == 200, await page.text()
            assert "isiwebpasswd" in await page.text()
        async with browser.post(url, data=form, allow_redirects=False) as reply:
            assert reply.status == 302, await reply.text()
            back = URL(reply.headers["Location"])
    assert str(back.with_query(None)) == REDIRECT
    return dict(back.query)


async def come_back(client: ClientSessionGenerator, answer: dict[str, str]) -> None:
    """Send the browser to Home Assistant, as My Home Assistant does."""
    reply = await (await client()).get("/auth/external/callback", params=answer)
    assert reply.status == 200, await reply.text()


async def signed_in(
    hass: HomeAssistant, client: ClientSessionGenerator, result: Any, form: dict[str, str] = USER
) -> Any:
    """Sign in at the website and continue with the dialog."""
    assert (result["type"], result["step_id"]) == (FlowResultType.EXTERNAL_STEP, "sign_in"), result
    await come_back(client, await browse(result["url"], form))
    return await hass.config_entries.subentries.async_configure(result["flow_id"])


async def test_the_user_signs_in_at_the_website_and_only_the_refresh_token_is_stored(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with account() as (cloud, values):
        result = await begin(hass, entry, "source")
        assert result["menu_options"].index(KIND) < result["menu_options"].index("viessmann")
        result = await go_on(hass, result, {"next_step_id": KIND})
        assert result["description_placeholders"]["redirect_uri"] == REDIRECT
        result = await go_on(hass, result, values)
        url = URL(result["url"])
        assert url.query["client_id"] == CLIENT
        assert url.query["scope"] == "IoT offline_access"
        assert url.query["code_challenge_method"] == "S256"
        result = await signed_in(hass, hass_client_no_auth, result)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        assert not hass.config_entries.flow.async_progress(), "the flow that waited for the website has ended"
        (subentry,) = entry.subentries.values()
        token = subentry.data["refresh_token"]
        assert subentry.data["auth_implementation"] == "proof_of_heat_demo_client"
        assert not {"sign_in_token", "token", "access_token", "username", "password", "host"} & set(subentry.data)
        pump = next(iter(entry.runtime_data.sources.values()))
        assert (await pump.source.refresh()).health == "ok"
        (known,) = (await oauth2.async_get_implementations(hass, DOMAIN)).values()
        assert isinstance(known, ViessmannSignIn)
        assert known.client_id == CLIENT
        assert known.authorize_url == "https://iam.viessmann-climatesolutions.com/idp/v3/authorize"
        shown = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
        for secret in (token, CLIENT, "proof_of_heat_demo_client", *cloud._access):
            assert secret not in shown
            if secret != CLIENT:
                assert secret not in caplog.text
        # The next one selects the client ID that is known now.
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        assert next(key for key in result["data_schema"].schema if key == "client_id").default() == CLIENT
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("client_id", "answer", "fault", "error"),
    [
        (CLIENT, {"error": "access_denied"}, "", {"base": "sign_in_declined"}),
        (CLIENT, {"code": "forged"}, "", {"base": "sign_in_rejected"}),
        (CLIENT, {"code": "forged"}, "silent", {"base": "cannot_connect"}),
        (CLIENT, {}, "offline", {"client_id": "cannot_connect"}),
        (" ", {}, "", {"client_id": "client_id_empty"}),
    ],
)
async def test_a_failed_sign_in_is_explained_and_can_be_repeated(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    client_id: str,
    answer: dict[str, str],
    fault: str,
    error: dict[str, str],
) -> None:
    monkeypatch.setattr("custom_components.proof_of_heat.flows.sign_in.TOKEN_TIMEOUT_S", 1.0)
    async with account() as (cloud, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        result = await go_on(hass, result, {**values, "client_id": client_id})
        if client_id == CLIENT:
            back = await browse(result["url"], USER)
            if answer:
                back = {"state": back["state"], **answer}
            await come_back(hass_client_no_auth, back)
            if fault:
                cloud.faults.set(fault)
            result = await go_on(hass, result, None)
        assert (result["step_id"], result["errors"]) == (KIND, error)
        cloud.faults.clear(fault)
        result = await go_on(hass, result, values)
        result = await signed_in(hass, hass_client_no_auth, result)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_dialog_that_is_closed_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    async with account() as (_, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        result = await go_on(hass, result, values)
        assert len(hass.config_entries.flow.async_progress()) == 1
        same = await hass.config_entries.subentries.async_configure(result["flow_id"])
        assert same["url"] == result["url"], "the dialog was opened again"
        hass.config_entries.subentries.async_abort(result["flow_id"])
        assert not hass.config_entries.flow.async_progress()


async def test_a_client_that_is_not_registered_is_refused_by_the_website(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    async with account() as (_, values), aiohttp.ClientSession() as browser:
        for wrong in ({"client_id": "other"}, {"redirect_uri": "https://other.example/"}, {"response_type": "token"}):
            result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
            result = await go_on(hass, result, values)
            async with browser.get(URL(result["url"]).update_query(wrong)) as page:
                assert page.status == 400
            async with browser.post(URL(result["url"]).update_query(wrong), data=USER) as reply:
                assert reply.status == 400
            hass.config_entries.subentries.async_abort(result["flow_id"])


async def test_a_change_needs_no_sign_in_but_another_client_id_does(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    async with account() as (cloud, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        await signed_in(hass, hass_client_no_auth, await go_on(hass, result, values))
        await hass.async_block_till_done()
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        before = dict(next(iter(entry.subentries.values())).data)
        calls = cloud.state()["calls"]
        changed = {"client_id": CLIENT, "day_limit": 3000}
        result = await go_on(hass, await change(hass, entry, "source"), changed)
        assert result["reason"] == "reconfigure_successful"
        assert cloud.state()["calls"] == calls
        (after,) = entry.subentries.values()
        assert {**after.data, "day_limit": 1450} == before
        # The user wants to sign in again.
        result = await go_on(hass, await change(hass, entry, "source"), {**values, "sign_in": True})
        result = await signed_in(hass, hass_client_no_auth, result)
        assert result["reason"] == "reconfigure_successful"
        (after,) = entry.subentries.values()
        assert after.data["refresh_token"] != before["refresh_token"]
        assert "sign_in" not in after.data
        cloud.args.client_id = "second"
        result = await go_on(hass, await change(hass, entry, "source"), {**values, "client_id": "second"})
        result = await signed_in(hass, hass_client_no_auth, result)
        assert result["reason"] == "reconfigure_successful"
        (after,) = entry.subentries.values()
        assert after.data["client_id"] == "second"
        assert set(await oauth2.async_get_implementations(hass, DOMAIN)) == {
            "proof_of_heat_demo_client",
            "proof_of_heat_second",
        }


async def test_a_sign_in_with_a_password_is_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    async with account() as (_, values):
        password = {**values, "username": "demo@example.com", "password": "demo"}
        await add(hass, entry, "viessmann", password)
        await hass.async_block_till_done()
        (before,) = entry.subentries.values()
        assert "auth_implementation" not in before.data
        result = await change(hass, entry, "source")
        assert "username" in result["data_schema"].schema
        result = await signed_in(hass, hass_client_no_auth, await go_on(hass, result, {**values, "sign_in": True}))
        assert result["reason"] == "reconfigure_successful"
        (after,) = entry.subentries.values()
        assert after.data["auth_implementation"] == "proof_of_heat_demo_client"
        assert after.unique_id == before.unique_id
        await hass.async_block_till_done()
        result = await change(hass, entry, "source")
        assert "username" not in result["data_schema"].schema
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


async def reject(hass: HomeAssistant, entry: MockConfigEntry, cloud: ViessmannCloud) -> Any:
    """Let the cloud reject the token of the only source; return the dialog that follows."""
    unit = next(iter(entry.runtime_data.sources.values()))
    cloud.faults.set("expired")
    cloud.faults.set("revoked")
    unit.source._asked_at = -1e12
    await unit.source.refresh()
    await hass.async_block_till_done()
    cloud.faults.clear("expired")
    cloud.faults.clear("revoked")
    (flow,) = hass.config_entries.flow.async_progress()
    return flow


@pytest.mark.parametrize("kind", [KIND, "viessmann"])
async def test_a_rejected_token_is_replaced_by_a_new_sign_in(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, kind: str
) -> None:
    configure = hass.config_entries.flow.async_configure
    async with account() as (cloud, values):
        if kind == KIND:
            result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
            await signed_in(hass, hass_client_no_auth, await go_on(hass, result, values))
        else:
            await add(hass, entry, kind, {**values, "username": "demo@example.com", "password": "demo"})
        await hass.async_block_till_done()
        before = dict(next(iter(entry.subentries.values())).data)
        flow = await reject(hass, entry, cloud)
        flow_id = flow["flow_id"]
        if kind == "viessmann":
            assert flow["step_id"] == "reauth_choice"
            await configure(flow_id, {"next_step_id": "reauth_sign_in"})
        # First the user declines, then the website cannot be reached, then all is well.
        for back, error in (({"error": "access_denied"}, "sign_in_declined"), ({}, "cannot_connect")):
            result = await configure(flow_id, {})
            assert (result["type"], result["step_id"]) == (FlowResultType.EXTERNAL_STEP, "reauth_website")
            answer = await browse(result["url"], USER)
            await come_back(hass_client_no_auth, {"state": answer["state"], **back} if back else answer)
            if not back:
                cloud.faults.set("offline")
            result = await configure(flow_id)
            cloud.faults.clear("offline")
            assert (result["step_id"], result["errors"]) == ("reauth_sign_in", {"base": error})
        result = await configure(flow_id, {})
        await come_back(hass_client_no_auth, await browse(result["url"], USER))
        result = await configure(flow_id)
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        (after,) = entry.subentries.values()
        assert after.data["refresh_token"] != before["refresh_token"]
        assert after.data["auth_implementation"] == "proof_of_heat_demo_client"
        pump = next(iter(entry.runtime_data.sources.values()))
        assert (await pump.source.refresh()).health == "ok"
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("when", ["before", "meanwhile", "declined"])
async def test_a_source_that_is_removed_during_the_sign_in(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator, when: str
) -> None:
    configure = hass.config_entries.flow.async_configure
    async with account() as (cloud, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        await signed_in(hass, hass_client_no_auth, await go_on(hass, result, values))
        await hass.async_block_till_done()
        flow_id = (await reject(hass, entry, cloud))["flow_id"]
        (subentry_id,) = entry.subentries
        if when != "before":
            result = await configure(flow_id, {})
            answer = await browse(result["url"], USER)
            declined = {"state": answer["state"], "error": "access_denied"}
            await come_back(hass_client_no_auth, declined if when == "declined" else answer)
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)
        hass.config_entries.async_remove_subentry(entry, subentry_id)
        await hass.async_block_till_done()
        result = await configure(flow_id, {} if when == "before" else None)
        assert result["reason"] == "source_gone"


async def test_refresh_tokens_end_after_180_days_and_codes_after_20_seconds() -> None:
    async with account() as (cloud, values), aiohttp.ClientSession() as http:
        base = f"{values['host']}/idp/v3/token"
        now, elapsed = cloud.clock.now(), cloud.clock.elapsed()

        async def token(**fields: str) -> tuple[int, Any]:
            async with http.post(base, data={"client_id": CLIENT, **fields}) as reply:
                return reply.status, await reply.json()

        url = URL(f"{values['host']}/idp/v3/authorize").with_query(
            client_id=CLIENT,
            redirect_uri=REDIRECT,
            response_type="code",
            code_challenge_method="S256",
            code_challenge=ViessmannSignIn.compute_code_challenge("v" * 43),
            scope="IoT",
        )
        grant = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": "v" * 43}
        code = (await browse(str(url), USER))["code"]
        status, reply = await token(**grant, code=code)
        assert (status, "refresh_token" in reply) == (200, False), "without the scope offline_access"
        assert (await token(**grant, code=code))[0] == 400, "a code counts once"
        code = (await browse(str(url.update_query(scope="IoT offline_access")), USER))["code"]
        cloud.clock.elapsed = lambda: elapsed + 30.0  # type: ignore[method-assign]  # the time of the test
        assert (await token(**grant, code=code))[1] == {"error": "invalid_grant"}
        code = (await browse(str(url.update_query(scope="IoT offline_access")), USER))["code"]
        status, reply = await token(**grant, code=code)
        refresh = {"grant_type": "refresh_token", "refresh_token": reply["refresh_token"]}
        assert (await token(**refresh))[0] == 200
        assert (await token(**{**refresh, "client_id": "other"}))[0] == 401
        assert (await token(grant_type="password"))[0] == 400
        cloud.clock.now = lambda: now + timedelta(days=182)  # type: ignore[method-assign]
        status, reply = await token(**refresh)
        assert (status, reply["error"]) == (400, "invalid_grant")


async def test_a_reply_without_a_refresh_token_is_refused(hass: HomeAssistant) -> None:
    form = forms()[KIND]
    values = {"client_id": CLIENT, "host": "http://127.0.0.1:1", "sign_in_token": {"access_token": "a"}}
    with pytest.raises(Exception, match="no refresh token") as caught:
        await form.connect(hass, values)
    assert form.errors(caught.value) == {"client_id": "invalid_auth"}


async def test_the_application_credential_is_the_users_own(hass: HomeAssistant) -> None:
    await async_import_client_credential(hass, DOMAIN, ClientCredential("mine", "ignored", "Cottage"), "auth")
    (known,) = (await oauth2.async_get_implementations(hass, DOMAIN)).values()
    assert (known.name, known.domain) == ("Cottage", "auth")
    schema = await forms()[KIND].schema(hass)
    (options,) = [value.config["options"] for key, value in schema.schema.items() if key == "client_id"]
    assert options == [{"value": "mine", "label": "Cottage (mine)"}]
    placeholders = await application_credentials.async_get_description_placeholders(hass)
    assert re.match("https://", placeholders["portal_url"])


async def test_the_redirect_uri_without_my_home_assistant(hass: HomeAssistant) -> None:
    hass.config.components.remove("my")
    assert redirect_uri(hass) == REDIRECT


async def test_the_waiting_flow_ends_by_itself(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with account() as (_, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": KIND})
        result = await go_on(hass, result, values)
        (waiting,) = hass.config_entries.flow.async_progress()
        assert waiting["context"]["source"] == SOURCE_USER, "it is not shown as a discovered device"
        await hass.config_entries.flow.async_configure(waiting["flow_id"], {"error": "access_denied"})
        ended = await hass.config_entries.flow.async_configure(waiting["flow_id"])
        assert ended["reason"] == "signed_in"
        result = await go_on(hass, result, None)
        assert result["errors"] == {"base": "sign_in_declined"}
