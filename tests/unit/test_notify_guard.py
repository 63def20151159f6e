"""Where a webhook may go: public addresses in their plain form, by a URL without tricks."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.guard import (
    AddressRefused,
    addresses_of,
    is_public,
    read_url,
    require_allowed,
)
from schemas.webhook_url import Target

# Both sides of blocks of IANA's special-purpose registries.
REFUSED = [
    "0.0.0.1",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",  # Alibaba Cloud's metadata
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",  # Azure's host
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.192",  # Oracle Cloud's metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",  # IPv4-mapped
    "::ffff:93.184.215.14",
    "::127.0.0.1",  # IPv4-compatible
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::5db8:d70e",
    "64:ff9b:1::a00:1",  # local-use NAT64
    "100::1",  # discard
    "2001::1",  # Teredo
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",  # 6to4 of 127.0.0.1
    "2002:5db8:d70e::1",
    "3fff::1",
    "4000::1",  # not allocated
    "5f00::1",  # segment routing
    "fc00::1",
    "fd00:ec2::254",  # Amazon's metadata
    "fe80::1",
    "fec0::1",  # site-local, deprecated
    "ff02::1",
]
ALLOWED = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "168.63.129.15",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2400:3200::1",
    "2606:4700:4700::1111",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_the_public_internet_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))
    with pytest.raises(AddressRefused, match="not a public one"):
        require_allowed(ip_address(text), allow_private=False)


@pytest.mark.parametrize("text", ALLOWED)
def test_public_hosts_are_let_pass(text: str) -> None:
    require_allowed(ip_address(text), allow_private=False)


def test_a_setting_lets_our_own_network_pass() -> None:
    require_allowed(ip_address("127.0.0.1"), allow_private=True)


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_of_an_ipv4_address_passes(address: IPv4Address) -> None:
    forms = [
        int(address),  # ::a.b.c.d
        0xFFFF << 32 | int(address),
        0x64FF9B << 96 | int(address),
        0x2002 << 112 | int(address) << 80 | 1,
        0x20010000 << 96 | int(address) ^ 0xFFFF_FFFF,  # Teredo
    ]
    assert not any(is_public(IPv6Address(form)) for form in forms)


def test_a_name_with_a_private_address_is_refused() -> None:
    with pytest.raises(AddressRefused, match="not a public one"):
        addresses_of("localhost", 443, allow_private=False)
    assert ip_address("127.0.0.1") in addresses_of("localhost", 443, allow_private=True)


# inet_aton(3): this host, one number, octal, hexadecimal, two parts.
@pytest.mark.parametrize("host", ["0", "2130706433", "0177.0.0.1", "0x7f000001", "127.1", "::1"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        addresses_of(host, 443, allow_private=False)


@pytest.mark.parametrize("host", ["a" * 64, "a..b"])
def test_a_name_without_an_address_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="no address"):
        addresses_of(host, 443, allow_private=False)


def test_a_url_is_taken_apart() -> None:
    target = read_url("https://Hooks.example:8443/a%20b?c=d", allow_http=False)
    assert target == Target(scheme="https", host="hooks.example", port=8443, path="/a%20b?c=d")
    assert target.host_header == "hooks.example:8443"
    assert read_url("https://hooks.example", allow_http=False).host_header == "hooks.example"
    assert read_url("https://[2606:4700::1]/", allow_http=False).host_header == "[2606:4700::1]"


def test_only_https_unless_a_setting_allows_http() -> None:
    with pytest.raises(AddressRefused, match="ALLOW_HTTP"):
        read_url("http://hooks.example/", allow_http=False)
    assert read_url("http://hooks.example/", allow_http=True).port == 80


@pytest.mark.parametrize(
    "url",
    [
        "https://user:word@hooks.example/",
        "https://user@hooks.example/",
        "https://hooks.example@127.0.0.1/",
        "https://hooks.example:99999/",
        "https://[::1/",
        "https:///path",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "hooks.example",
        "",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX-Evil: 1",
        "https://häuser.example/",
        "https://hooks.example/#fragment",
        "https://hooks.example:0/",
        "https://hooks.example./",
        "https://hooks..example/",
        "https://127%2e0.0.1/",
        "https://hooks.example\\.evil.example/",
        "https://[::1]hooks.example/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.hooks]/",
        "https://[127.0.0.1]/",
        f"https://{'a.' * 126}ab/",
    ],
)
def test_urls_with_tricks_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused, match="the URL"):
        read_url(url, allow_http=True)


@given(st.text())
def test_any_text_is_a_target_or_refused(url: str) -> None:
    try:
        target = read_url(f"https://{url}", allow_http=False)
    except AddressRefused:
        return
    assert "@" not in target.host
    assert target.host_header.isascii()
    assert target.path.startswith("/")
