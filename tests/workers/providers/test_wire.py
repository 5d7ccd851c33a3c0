"""HTTP answers are taken apart wherever they were cut, and nonsense is refused."""

import pytest

from workers.providers.wire import (
    MAX_HEAD_BYTES,
    Chunked,
    FixedLength,
    Malformed,
    UntilClose,
    decoder_for,
    parse_head,
    split_head,
)

BODY = b"5\r\nhello\r\n1;name=value\r\n,\r\nB \r\n what a day\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"
TEXT = b"hello, what a day"


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def joined(*pieces: bytes) -> bytes:
    decoder = Chunked()
    return b"".join([decoder.feed(piece) for piece in pieces])


@pytest.mark.parametrize("size", range(1, len(BODY) + 1))
def test_chunks_are_joined_wherever_the_data_was_cut(size):
    decoder = Chunked()

    text = b"".join(decoder.feed(piece) for piece in in_pieces(BODY, size))

    assert (text, decoder.complete, decoder.rest) == (TEXT, True, b"")


def test_all_chunks_of_one_read_are_one_piece():
    assert Chunked().feed(BODY) == TEXT


def test_a_single_chunk_after_another_needs_no_joining():
    decoder = Chunked()

    pieces = [
        decoder.feed(b"3\r\nabc\r\n"),
        decoder.feed(b"2\r\nde\r\n"),
        decoder.feed(b"0\r\n\r\n"),
    ]

    assert pieces == [b"abc", b"de", b""]
    assert decoder.complete


def test_what_follows_the_last_chunk_is_kept_apart():
    decoder = Chunked()

    decoder.feed(b"1\r\na\r\n0\r\n\r\nHTTP/1.1")

    assert decoder.rest == b"HTTP/1.1"


@pytest.mark.parametrize(
    "data",
    [
        b"zz\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\n",
        b"+5\r\nhello\r\n",
        b"\r\n\r\n",
        b"11111111111111111\r\n",
        b" 5\r\nhello\r\n",
        b"3\r\nabcde\r\n",
        b"5;" + b"x" * 5000,
    ],
)
def test_chunk_sizes_that_are_none_are_refused(data):
    with pytest.raises(Malformed):
        joined(*in_pieces(data, 100), b"\r\n", b"\r\n")


def test_good_chunks_before_a_bad_one_are_given_first():
    decoder = Chunked()

    text = decoder.feed(b"3\r\nabc\r\nnonsense\r\n")

    assert text == b"abc"
    with pytest.raises(Malformed):
        decoder.feed(b"more")


def test_endless_trailers_are_refused():
    decoder = Chunked()
    decoder.feed(b"0\r\n")

    with pytest.raises(Malformed):
        decoder.feed(b"X-Long: " + b"x" * MAX_HEAD_BYTES)


def test_a_chunked_body_may_not_end_with_its_connection():
    decoder = Chunked()
    decoder.feed(b"5\r\nhello\r\n")

    with pytest.raises(Malformed):
        decoder.end()


def test_a_length_counts_bytes_and_leaves_the_rest():
    decoder = FixedLength(5)

    assert decoder.feed(b"hel") + decoder.feed(b"lo, you") == b"hello"
    assert (decoder.complete, decoder.rest) == (True, b", you")


def test_a_body_shorter_than_its_length_is_refused():
    decoder = FixedLength(5)
    decoder.feed(b"hel")

    with pytest.raises(Malformed):
        decoder.end()


def test_a_body_without_a_length_ends_with_its_connection():
    decoder = UntilClose()

    assert decoder.feed(b"hello") == b"hello"
    decoder.end()
    assert decoder.complete


def test_a_head_is_read():
    raw, rest = split_head(b"HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie:\r\nX-Y:  c d \r\n\r\nbody")

    head = parse_head(raw)

    assert (head.status, head.keep_alive, rest) == (200, True, b"body")
    assert head.headers == [(b"A", b"b"), (b"Set-Cookie", b""), (b"X-Y", b"c d")]


def test_a_head_may_have_bare_line_feeds_and_no_reason():
    raw, _ = split_head(b"HTTP/1.0 404\nA: b\n\n")

    head = parse_head(raw)

    assert (head.status, head.keep_alive, head.headers) == (404, False, [(b"A", b"b")])


def test_a_head_that_is_not_complete_is_waited_for():
    assert split_head(b"HTTP/1.1 200 OK\r\nA: b\r\n") is None


def test_an_endless_head_is_refused():
    with pytest.raises(Malformed):
        split_head(b"HTTP/1.1 200 OK\r\nA: " + b"b" * MAX_HEAD_BYTES)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/2 200",
        b"SSH-2.0-x",
        b"HTTP/1.1 20",
        b"HTTP/1.1 999 What",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\nA : b",
        b"HTTP/1.1 200 OK\r\nA: b\x00c",
        b"HTTP/1.1 200 OK\r\n folded: a",
        b"HTTP/1.1 200 OK" + b"\r\nA: b" * 300,
    ],
)
def test_heads_that_are_none_are_refused(raw):
    with pytest.raises(Malformed):
        parse_head(raw)


def framing(*lines: bytes, method: str = "POST", status: bytes = b"200"):
    return decoder_for(parse_head(b"\r\n".join([b"HTTP/1.1 " + status + b" OK", *lines])), method)


def test_the_framing_follows_the_headers():
    assert isinstance(framing(b"Transfer-Encoding: Chunked", b"Content-Length: 5"), Chunked)
    assert isinstance(framing(b"content-length: 5", b"Content-Length: 5"), FixedLength)
    assert isinstance(framing(b"Content-Type: text/plain"), UntilClose)


def test_answers_without_a_body_are_complete_at_once():
    assert framing(b"Content-Length: 5", method="HEAD").complete
    assert framing(status=b"204").complete
    assert framing(b"Content-Length: 0").complete


@pytest.mark.parametrize(
    "lines",
    [
        [b"Transfer-Encoding: gzip, chunked"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: -5"],
        [b"Content-Length: five"],
        [b"Content-Length: 5, 5, 6"],
    ],
)
def test_framings_that_contradict_themselves_are_refused(lines):
    with pytest.raises(Malformed):
        framing(*lines)


def test_the_connection_header_decides_what_is_kept():
    assert not parse_head(b"HTTP/1.1 200 OK\r\nConnection: Close").keep_alive
    assert parse_head(b"HTTP/1.0 200 OK\r\nConnection: keep-alive").keep_alive
