"""Which addresses users may send the workers to."""

import socket

import pytest

from shared import addresses
from shared.errors import Invalid


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",  # noqa: S104 -- nothing is bound
        "10.0.0.1",
        "172.16.4.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_addresses_inside_are_refused(number):
    assert not addresses.is_allowed(number)


@pytest.mark.parametrize(
    "number", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_allowed(number):
    assert addresses.is_allowed(number)


@pytest.mark.parametrize("number", ["10.0.0.1", "192.168.1.1", "fc00::1"])
def test_the_networks_of_a_house_are_allowed_where_that_is_wanted(number):
    assert addresses.is_allowed(number, allows_private=True)


@pytest.mark.parametrize("number", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "::"])
def test_this_machine_and_metadata_are_refused_even_there(number):
    assert not addresses.is_allowed(number, allows_private=True)


def test_an_operator_may_allow_a_network(configure):
    configure(outbound_allowed_networks="127.0.0.0/8, 10.1.0.0/16")

    allowed = [addresses.is_allowed(n) for n in ("127.0.0.1", "10.1.2.3", "10.2.0.1")]

    assert allowed == [True, True, False]


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost"])
def test_every_way_of_writing_this_machine_is_refused(host):
    with pytest.raises(addresses.AddressRefused):
        addresses.resolve(host, 80)


def test_one_bad_number_among_good_ones_is_enough_to_refuse_a_host(monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 80))
        for number in ("1.1.1.1", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(addresses.AddressRefused):
        addresses.resolve("two-faced.example", 80)


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "file:///etc/passwd", "ftp://example.com", "http://", "http://a:b:c/"],
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(Invalid):
        addresses.require_web_address(url)


def test_blanks_around_an_address_are_forgiven():
    assert addresses.require_web_address(" https://example.com/a ") == "https://example.com/a"
