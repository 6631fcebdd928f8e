"""One TLS handshake with the router, to see whether it has the certificate of a host yet."""

from __future__ import annotations

import socket
import ssl

from cryptography import x509

_TIMEOUT_S = 2.0


def serves(address: str, port: int, host: str) -> bool:
    """Tell whether a certificate for `host` is served; False too when nothing answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Who answers at this address is known; the question is only which names it can prove.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    name = host.replace("*", "any", 1)
    try:
        with (
            socket.create_connection((address, port), _TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=name) as tls,
        ):
            data = tls.getpeercert(binary_form=True)
    except OSError:
        return False
    return data is not None and _names(x509.load_der_x509_certificate(data), name)


def _names(certificate: x509.Certificate, host: str) -> bool:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    names = extension.value.get_values_for_type(x509.DNSName)
    return host in names or f"*.{host.partition('.')[2]}" in names
