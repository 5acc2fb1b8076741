"""Whom a request is from: a proxy is believed only where it is trusted."""

from ipaddress import ip_network

import pytest
from multidict import CIMultiDict

from orchestrator.api.callers.client_address import client_address, home, is_trusted
from orchestrator.errors import ConfigurationError
from orchestrator.settings import load_settings

PROXY, OUTER, CLIENT, FORGED = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.9"
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1"))

FROM_PROXY = [
    pytest.param([], PROXY, id="nothing said"),
    pytest.param([("X-Forwarded-For", CLIENT)], CLIENT, id="one hop"),
    pytest.param([("x-forwarded-for", f" {CLIENT} ")], CLIENT, id="any case, blanks"),
    pytest.param([("X-Forwarded-For", f"{CLIENT}, {OUTER}")], CLIENT, id="two proxies"),
    pytest.param([("X-Forwarded-For", f"{FORGED}, {CLIENT}")], CLIENT, id="the client's own word"),
    pytest.param(
        [("X-Forwarded-For", FORGED), ("X-Forwarded-For", CLIENT)], CLIENT, id="two lines"
    ),
    pytest.param([("X-Forwarded-For", OUTER)], OUTER, id="trusted ones only"),
    pytest.param([("X-Forwarded-For", f"{CLIENT}, unknown")], PROXY, id="no address"),
    pytest.param([("X-Forwarded-For", f"{CLIENT},")], PROXY, id="nothing behind a comma"),
    pytest.param([("X-Forwarded-For", f"{FORGED}, x, {OUTER}")], OUTER, id="no address in between"),
    pytest.param([("X-Forwarded-For", f"{CLIENT}:4711")], CLIENT, id="a port"),
    pytest.param([("X-Forwarded-For", "[2001:db8::1]:4711")], "2001:db8::1", id="a port, IPv6"),
    pytest.param([("X-Forwarded-For", "2001:DB8:0::1")], "2001:db8::1", id="IPv6 has one spelling"),
    pytest.param([("X-Forwarded-For", f"::ffff:{CLIENT}")], CLIENT, id="IPv4 as IPv6"),
    pytest.param([("Fly-Client-IP", CLIENT)], CLIENT, id="Fly's alone"),
    pytest.param([("Fly-Client-IP", "x")], PROXY, id="Fly's, no address"),
    pytest.param([("Fly-Client-IP", FORGED), ("X-Forwarded-For", CLIENT)], CLIENT, id="elsewhere"),
]


@pytest.mark.parametrize(("headers", "expected"), FROM_PROXY)
def test_the_address_that_a_trusted_proxy_names_counts(
    headers: list[tuple[str, str]], expected: str
) -> None:
    assert client_address(PROXY, CIMultiDict(headers), TRUSTED) == expected


@pytest.mark.parametrize("trusted", [(), TRUSTED])
def test_forwarding_headers_of_untrusted_peers_are_ignored(trusted: tuple[object, ...]) -> None:
    headers = CIMultiDict({"X-Forwarded-For": FORGED, "Fly-Client-IP": FORGED})
    assert client_address(CLIENT, headers, trusted, on_fly=True) == CLIENT  # type: ignore[arg-type]


def test_on_fly_its_own_header_counts_first() -> None:
    headers = CIMultiDict({"X-Forwarded-For": f"{FORGED}, {CLIENT}, {FORGED}"})
    assert client_address(PROXY, headers, TRUSTED, on_fly=True) == FORGED
    headers["Fly-Client-IP"] = CLIENT
    assert client_address(PROXY, headers, TRUSTED, on_fly=True) == CLIENT


def test_a_long_chain_is_not_followed_to_its_end() -> None:
    headers = CIMultiDict({"X-Forwarded-For": ",".join([CLIENT] + [OUTER] * 1000)})
    assert client_address(PROXY, headers, TRUSTED) == OUTER


@pytest.mark.parametrize("peer", ["", "/run/socket", "fe80::1%eth0"])
def test_a_peer_that_is_no_plain_address_is_itself(peer: str) -> None:
    assert client_address(peer, CIMultiDict({"X-Forwarded-For": FORGED}), TRUSTED) == peer


def test_trusted_networks_are_met_by_ipv4_written_as_ipv6() -> None:
    assert is_trusted("::ffff:10.1.2.3", TRUSTED)
    assert not is_trusted("::ffff:11.1.2.3", TRUSTED)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (CLIENT, CLIENT),
        (f"::ffff:{CLIENT}", CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, expected: str) -> None:
    assert home(address) == expected


def test_the_setting_takes_addresses_and_networks() -> None:
    settings = load_settings(api_key="k", trusted_proxies=" 127.0.0.1, fd00::/8 ,10.0.0.0/8")
    assert set(settings.trusted_networks) == set(TRUSTED)
    assert load_settings(api_key="k").trusted_networks == ()


@pytest.mark.parametrize("bad", ["10.0.0.1/8", "nginx", "10.0.0.0/33", "*"])
def test_what_is_no_network_stops_the_start(bad: str) -> None:
    with pytest.raises(ConfigurationError, match=r"TRUSTED_PROXIES.*"):
        load_settings(api_key="k", trusted_proxies=bad)
