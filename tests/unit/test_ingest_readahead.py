"""Reading ahead changes how bytes are fetched, and not which."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.readahead import ReadAheadSocket


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@given(st.lists(st.binary(max_size=200), max_size=10), st.lists(st.integers(1, 50), min_size=1))
def test_bytes_come_out_as_they_went_in(sent: list[bytes], sizes: list[int]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(sent))
        theirs.shutdown(socket.SHUT_WR)
        ahead, received = ReadAheadSocket(ours), b""
        for i in range(10_000):
            size = sizes[i % len(sizes)]
            piece = ahead.recv(size)
            assert len(piece) <= size
            if not piece:
                break
            received += piece
        assert received == b"".join(sent)


def test_it_knows_what_it_holds(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    ahead = ReadAheadSocket(ours)
    assert ahead.pending() == 0
    theirs.sendall(b"abcde")
    assert ahead.recv(2) == b"ab"
    assert ahead.pending() == 3
    assert ahead.recv(9) == b"cde"
    assert ahead.pending() == 0
    assert ahead.fileno() == ours.fileno()


def test_an_empty_socket_says_so_as_paho_expects(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    with pytest.raises(BlockingIOError):
        ReadAheadSocket(ends[0]).recv(1)
