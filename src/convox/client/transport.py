"""One connection to a rack: TCP, TLS or a unix socket, with the trust that the endpoint asks for.

A `Wire` may be read by one thread while another writes: OpenSSL's objects are not safe for that,
so the socket never blocks, each call into it holds a lock, and the waiting happens outside.
It knows nothing of HTTP; read `http.py` and `socket.py` next.
"""

from __future__ import annotations

import select
import socket
from _thread import allocate_lock

from convox.core.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from convox.client.endpoint import Endpoint

DIAL_S = 30.0
_CHUNK = 65536
_LONGEST_LINE = 65536
_HOSTNAME_MISMATCHES = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH (openssl/x509_vfy.h)."""


class Wire:
    """A connected socket with a read buffer.

    Every failure is an OSError; `UnavailableError` is raised only by `dial`.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._buffer = bytearray()
        self._lock = allocate_lock()
        self._closed = False

    def send(self, data: bytes | memoryview) -> None:
        """Write all of `data`; blocks while the other side does not read."""
        view = memoryview(data)
        while view:
            try:
                with self._lock:
                    view = view[self._sock.send(view) :]
            except OSError as error:
                self._wait(_wanted(error, select.POLLOUT), None)

    def read(self, size: int) -> bytes:
        """Return 1 to `size` bytes, b"" at the end of the stream; blocks."""
        if not self._buffer:
            self._fill(None)
        data = bytes(self._buffer[:size])
        del self._buffer[: len(data)]
        return data

    def exactly(self, size: int, timeout: float | None = None) -> bytes | None:
        """Return `size` bytes, or None if they have not all come within `timeout` of silence.

        Raises:
            EOFError: the stream ended before.
        """
        while len(self._buffer) < size:
            if not self._fill(timeout):
                return None
            if self._closed:
                raise EOFError
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def line(self) -> bytes:
        """Return the next line without its end.

        Raises:
            EOFError: the stream ended before the line did.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise ConnectionError("a header line is too long")
            self._fill(None)
            if self._closed:
                raise EOFError
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def stale(self) -> bool:
        """Tell whether an idle connection has something to read, which can only be its end."""
        return bool(self._closed or self._buffer or self._ready(select.POLLIN, 0))

    def shutdown(self) -> None:
        """Wake whoever waits on the connection; it then sees its end. Idempotent, any thread."""
        try:
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        except OSError:
            pass  # not connected any more: nobody waits

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._closed = True
        self._sock.close()

    def _fill(self, timeout: float | None) -> bool:
        """Add to the buffer; False if nothing came within `timeout`. Marks the end of stream."""
        while True:
            try:
                data = self._receive()
            except OSError as error:
                if not self._wait(_wanted(error, select.POLLIN), timeout):
                    return False
            else:
                self._closed = not data
                self._buffer += data
                return True

    def _receive(self) -> bytes:
        try:
            with self._lock:
                return self._sock.recv(_CHUNK)
        except OSError as error:
            if type(error).__name__ in ("SSLEOFError", "SSLZeroReturnError"):
                return b""
            raise

    def _wait(self, events: int, timeout: float | None) -> bool:
        return self._ready(events, -1 if timeout is None else max(0, int(timeout * 1000)))

    def _ready(self, events: int, milliseconds: int) -> bool:
        if self._sock.fileno() < 0:
            raise ConnectionError("the connection is closed")
        poll = select.poll()
        poll.register(self._sock, events)
        return bool(poll.poll(milliseconds))


def _wanted(error: OSError, otherwise: int) -> int:
    """Return the event to wait for before trying again; raises `error` if there is none.

    TLS may want to write in order to read and the other way round. The names stand for classes of
    `ssl`, which is not loaded where nobody uses it.
    """
    if isinstance(error, BlockingIOError):
        return otherwise
    match type(error).__name__:
        case "SSLWantReadError":
            return select.POLLIN
        case "SSLWantWriteError":
            return select.POLLOUT
        case _:
            raise error


class UntrustedError(UnavailableError):
    """The host answers with a certificate that nothing vouches for."""


def dial(endpoint: Endpoint) -> Wire:
    """Connect to `endpoint`, verified as it asks.

    Raises:
        UnavailableError: nothing answers there, or its certificate is not to be trusted.
    """
    try:
        if endpoint.scheme != "https":
            return Wire(_connect(endpoint))
        return Wire(_secure(endpoint))
    except OSError as error:
        raise _explain(endpoint, error) from error


def fetch_certificate(endpoint: Endpoint) -> bytes:
    """Return the DER of the certificate that the host presents, unverified; sends nothing else.

    Raises:
        UnavailableError: nothing answers there, or it does not speak TLS.
    """
    try:
        with _handshake(endpoint, _context(verify=False)) as secured:
            return secured.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise _explain(endpoint, error) from error


def _connect(endpoint: Endpoint) -> socket.socket:
    if endpoint.scheme == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(endpoint.host)
        except OSError:
            sock.close()
            raise
        return sock
    sock = socket.create_connection((_ascii(endpoint.host), endpoint.port), DIAL_S)  # type: ignore[arg-type]
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _ascii(host: str) -> bytes:
    """Return the host as it is looked up; only a name that needs it loads the IDNA codec."""
    return host.encode("ascii" if host.isascii() else "idna")


def _secure(endpoint: Endpoint) -> ssl.SSLSocket:
    import ssl  # 9 ms: plain http and unix sockets do without

    if endpoint.insecure:
        return _handshake(endpoint, _context(verify=False))
    if not endpoint.pin:
        return _handshake(endpoint, _context(verify=True))
    context = _context(verify=True, pin=endpoint.pin)
    try:
        return _handshake(endpoint, context)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code not in _HOSTNAME_MISMATCHES:
            raise
        return _exactly_pinned(endpoint, context, error)


def _exactly_pinned(endpoint: Endpoint, context: ssl.SSLContext, error: OSError) -> ssl.SSLSocket:
    """Accept a wrong name only from the very certificate that was pinned."""
    import ssl

    context.check_hostname = False
    secured = _handshake(endpoint, context)
    presented = secured.getpeercert(binary_form=True) or b""
    if ssl.DER_cert_to_PEM_cert(presented).strip() == endpoint.pin.strip():
        return secured
    secured.close()
    raise error


def _context(*, verify: bool, pin: str = "") -> ssl.SSLContext:
    """Make a context that trusts the system's store, or only `pin`.

    The store is loaded only when it is needed: it costs some 28 ms. A pinned certificate that is
    no authority is trusted by itself and whatever its names are; an authority's have to match.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif pin:
        context.load_verify_locations(cadata=pin)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = context.cert_store_stats()["x509_ca"] > 0
    else:
        context.load_default_certs()
    return context


def _handshake(endpoint: Endpoint, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = _connect(endpoint)
    try:
        return context.wrap_socket(sock, server_hostname=_ascii(endpoint.host))
    except BaseException:
        sock.close()
        raise


def _explain(endpoint: Endpoint, error: OSError) -> UnavailableError:
    reason = getattr(error, "verify_message", "")
    if reason:
        return UntrustedError(
            f"cannot trust the certificate of {endpoint.where}: {reason}",
            fix=f"look at it and pin it: convox login {endpoint.where}",
        )
    why = error.strerror or str(error) or type(error).__name__
    return UnavailableError(f"cannot connect to {endpoint.where}: {why.lower()}")
