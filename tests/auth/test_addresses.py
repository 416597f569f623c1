from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.egress import is_public

PRIVATE_RANGES = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]


def embedded(address: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 form that carries an IPv4 address."""
    number = int(address)
    return [
        IPv6Address(form)
        for form in (
            0xFFFF << 32 | number,  # v4-mapped
            number,  # v4-compatible
            0x2002 << 112 | number << 80 | 1,  # 6to4
            0x64FF9B << 96 | number,  # NAT64
            0x64FF9B0001 << 80 | number,  # local NAT64, /96
            0x64FF9B0001 << 80 | (number >> 16) << 64 | (number & 0xFFFF) << 40,  # local NAT64, /48
            0x20010000 << 96 | 0x5DB8D822 << 64 | (number ^ 0xFFFFFFFF),  # Teredo, client
            0x20010000 << 96 | number << 64 | 0xA247272D,  # Teredo, server
            0x2606280002200001 << 64 | 0x5EFE << 32 | number,  # ISATAP
            0x2606280002200001 << 64 | 0x02005EFE << 32 | number,  # ISATAP, universal
            0xFE80 << 112 | 0x5EFE << 32 | number,  # ISATAP, link-local
        )
    ]


def addresses_of(network: str) -> st.SearchStrategy[IPv4Address]:
    return st.ip_addresses(v=4, network=IPv4Network(network)).map(lambda address: IPv4Address(int(address)))


@given(st.sampled_from(PRIVATE_RANGES).flatmap(addresses_of))
@example(IPv4Address("169.254.169.254"))
@example(IPv4Address("168.63.129.16"))
def test_no_private_address_is_public_in_any_form(address: IPv4Address) -> None:
    assert not is_public(address)
    assert [str(form) for form in embedded(address) if is_public(form)] == []


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:2800:220:1::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "2002:808:808::1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "::8.8.8.8",
    ],
)
def test_special_ipv6_addresses_are_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "93.184.216.34",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450:4001:80b::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_public_addresses_are_public(text: str) -> None:
    assert is_public(ip_address(text))
