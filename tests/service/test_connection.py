"""Sends as the connection sees them: httplib2's silent second send, and idle connections that were closed."""

from __future__ import annotations

import contextlib
import socket
import threading

import httplib2
import pytest

from ytquota.service.connection import Exchange, WatchedConnection, on_wire

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Flight:
    """Counts what it is told; the real one is tested with the ledger."""

    def __init__(self):
        self.resends = 0

    def resent(self):
        self.resends += 1


@pytest.fixture
def server():
    """A server that does with each request what `script` says: answer, close without, answer+close."""
    listener = socket.create_server(("127.0.0.1", 0))
    script, seen, closed = [], [], threading.Event()

    def serve(connection):
        with connection, contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                seen.append(data)
                step = script.pop(0)
                if "answer" in step:
                    connection.sendall(ANSWER)
                if "close" in step:
                    break
        closed.set()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    server.script, server.seen, server.closed = script, seen, closed
    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/youtube/v3/videos"
    yield server
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def send(server):
    http = httplib2.Http(timeout=5)

    def send_(method="GET", *, is_write=False):
        flight = Flight()
        exchange = Exchange(flight, is_write=is_write, hosts=frozenset(("127.0.0.1",)))
        send_.exchange, send_.flight = exchange, flight
        with on_wire(exchange):
            return http.request(server.url, method, connection_type=WatchedConnection)

    send_.http = http
    yield send_
    http.close()


def test_a_read_whose_connection_broke_is_sent_again_and_charged_again(server, send):
    """httplib2 re-sends it silently; both sends count."""
    server.script += ["close", "answer"]

    assert send()[0].status == 200
    assert (len(server.seen), send.exchange.sends, send.flight.resends) == (2, 2, 1)


def test_a_write_whose_connection_broke_is_never_sent_again(server, send):
    """The caller sees a lost connection, and the server saw the write once."""
    server.script += ["close", "answer"]

    with pytest.raises(ConnectionError, match="was not sent again"):
        send("POST", is_write=True)
    assert (len(server.seen), send.exchange.sends, send.flight.resends) == (1, 1, 0)


def test_an_idle_connection_that_the_server_closed_is_replaced_before_a_write(server, send):
    """A bot that writes once in ten minutes must not lose its connection each time."""
    server.script += ["answer+close", "answer"]
    send("POST", is_write=True)
    server.closed.wait(5)

    assert send("POST", is_write=True)[0].status == 200
    assert (len(server.seen), send.exchange.sends, send.flight.resends) == (2, 1, 0)


@pytest.mark.parametrize("interrupted", ["before the answer", "while reading it"])
def test_a_connection_left_in_the_middle_of_a_call_is_replaced_before_a_write(server, send, interrupted):
    """Ctrl-C in a notebook must not cost the next call a second send, or its answer."""
    server.script += ["answer", "answer", "answer"]
    send()
    (connection,) = send.http.connections.values()
    connection.request("GET", "/")
    if interrupted == "while reading it":
        connection.getresponse()

    assert send("POST", is_write=True)[0].status == 200
    assert sum(data.startswith(b"POST") for data in server.seen) == 1
    assert (send.exchange.sends, send.flight.resends) == (1, 0)


def test_one_connection_serves_many_requests(server, send):
    """Watching does not cost the kept connection."""
    server.script += ["answer"] * 3

    assert [send()[0].status for _ in range(3)] == [200] * 3
    assert not server.closed.is_set()


def test_a_request_that_found_nobody_was_never_sent(server, send):
    """Connecting comes before sending, so a refused connection costs nothing."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        server.url = f"http://127.0.0.1:{gone.getsockname()[1]}/"

    with pytest.raises(ConnectionRefusedError):
        send()
    assert send.exchange.sends == 0
