"""Which IP addresses belong to the public internet, whatever form they are wrapped in.

The tables are the special-purpose registries of IANA (RFC 6890), written out: what the standard library knows of them
differs from one Python to the next, and it calls multicast and 64:ff9b::a00:1, which is 10.0.0.1, global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by carriers (RFC 6598); the metadata service of one cloud is in it
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's own service on every one of its machines, at an address that looks public
            "169.254.0.0/16",  # link-local; the metadata service of most clouds is in it
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments; Teredo is in it
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",
            "3ffe::/16",
            "3fff::/20",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
# The interface id of ISATAP (RFC 5214 §6.1), without its two bits that vary.
_ISATAP = 0x0000_5EFE
_ISATAP_BITS = 0xFCFF_FFFF


def is_public(address: Address) -> bool:
    """Whether an address is global unicast, so that connecting to it reaches nothing of ours.

    An IPv4 address inside a v4-mapped, NAT64 (RFC 6052 §2.1) or ISATAP address is judged itself. Forms in which no
    server is published are refused whole: v4-compatible, 6to4, Teredo, the local NAT64 prefix 64:ff9b:1::/48, and
    everything with a zone. A network that translates under a prefix of its own must block it by a firewall.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64:
        return is_public(last)
    if address not in _GLOBAL_UNICAST or any(address in network for network in _SPECIAL_IPV6):
        return False
    is_isatap = (int(address) >> 32) & _ISATAP_BITS == _ISATAP
    return not is_isatap or is_public(last)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that a v4-mapped one means to every network stack, else the address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped
