"""Free and taken ports."""

import socket

from launch.ports import is_free, kept_port, problem


def test_a_port_is_taken_while_somebody_listens():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]

        assert not is_free("127.0.0.1", port)

    assert is_free("127.0.0.1", port)


def test_a_picked_port_is_kept(tmp_path):
    first = kept_port(tmp_path / "port")

    assert kept_port(tmp_path / "port") == first


def test_a_note_that_is_no_number_is_replaced(tmp_path):
    (tmp_path / "port").write_text("x")

    assert kept_port(tmp_path / "port") == int((tmp_path / "port").read_text())


def test_a_taken_port_and_a_foreign_address_are_told_apart():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        taken = problem("PORT", "127.0.0.1", port)

    assert taken == f"port {port} on 127.0.0.1 is taken. Set PORT to a free one."
    assert "192.0.2.1 is no address of this machine" in problem("PORT", "192.0.2.1", port)
    assert problem("PORT", "127.0.0.1", port) is None
