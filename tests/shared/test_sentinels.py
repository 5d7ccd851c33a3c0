"""A REDIS_URL with Sentinels is read as it is documented, and refused in words without secrets."""

import pytest
from kombu import Connection

from shared.config.sentinels import parse
from shared.config.settings import BadSetting, load

URL = "sentinel://ann:p%40ss%3B@one:26380,[::1],three/2?service=main&sentinel_password=s%26t"


def test_every_part_of_the_address_is_read():
    asked = parse(URL)

    assert asked is not None
    assert asked.addresses == (("one", 26380), ("::1", 26379), ("three", 26379))
    assert asked.service == "main"
    assert asked.credentials == ("ann", "p@ss;")
    assert asked.own_credentials == ("", "s&t")
    assert asked.database == 2


def test_what_is_left_out_has_the_usual_value():
    asked = parse("sentinel://one")

    assert asked is not None
    assert (asked.addresses, asked.service, asked.database) == ((("one", 26379),), "mymaster", 0)
    assert asked.broker_url == "sentinel://one:26379/0"


def test_celery_finds_all_sentinels_in_its_own_form():
    asked = parse(URL)
    assert asked is not None

    connection = Connection(asked.broker_url)

    assert len(connection.alt) == 3
    assert (connection.userid, connection.password) == ("ann", "p@ss;")
    assert (connection.hostname, connection.port) == ("one", 26380)
    assert connection.virtual_host == "2"


def test_with_tls_the_certificates_and_their_authority_may_be_named():
    asked = parse("sentinels://one,two/0?ssl_ca_certs=%2Fa%2Fb.pem&ssl_certfile=c&ssl_keyfile=k")

    assert asked is not None
    assert asked.tls == {"ssl_ca_certs": "/a/b.pem", "ssl_certfile": "c", "ssl_keyfile": "k"}
    assert asked.broker_url == "sentinel://one:26379/0;sentinel://two:26379/0"
    plain = parse("sentinel://one")
    assert plain is not None
    assert plain.tls is None


def test_other_addresses_are_none_of_sentinels():
    assert parse("redis://one:6379/0") is None
    assert parse("") is None


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://",
        "sentinel://:secret@one,,two/0",
        "sentinel://:secret@one:port/0",
        "sentinel://:secret@one/zero",
        "sentinel://:secret@one/0?servce=main",
        "sentinel://:sec/ret@one/0",
        "sentinel://:secret@one/0?ssl_ca_certs=a",
        "sentinels://:secret@one/0?ssl_cert_reqs=none",
    ],
)
def test_a_form_that_cannot_be_read_stops_the_start_without_the_password(url):
    with pytest.raises(BadSetting, match=r"REDIS_URL cannot be used: .*sentinel://") as refused:
        load({"REDIS_URL": url})

    assert "sec" not in str(refused.value)
