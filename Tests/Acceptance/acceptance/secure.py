"""Clients of members with TLS: the authority they trust, their certificate, and single requests."""
import dataclasses
import pathlib
import re
import socket
import ssl

import grpc
from cryptography import x509

from acceptance.certificates import Certificate
from acceptance.cluster import is_3_5, until


@dataclasses.dataclass(frozen=True)
class ClientTLS:
    """The TLS of the clients of a member."""
    authority: pathlib.Path
    identity: Certificate | None = None

    def context(self, protocols=(), lowest=None, highest=None):
        """A context for sockets. All certificates that exist are accepted, weak ones too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_verify_locations(self.authority)
        if self.identity:
            context.load_cert_chain(self.identity.certificate, self.identity.key)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        if lowest:
            context.minimum_version = lowest
        if highest:
            context.maximum_version = highest
        return context

    def credentials(self):
        """The credentials of a gRPC channel."""
        identity = self.identity
        return grpc.ssl_channel_credentials(
            self.authority.read_bytes(),
            *([identity.key.read_bytes(), identity.certificate.read_bytes()] if identity else []))

    def etcdctl_flags(self):
        flags = ["--cacert", str(self.authority)]
        if self.identity:
            flags += ["--cert", str(self.identity.certificate), "--key", str(self.identity.key)]
        return flags

    curl_flags = etcdctl_flags


def server_flags(certificate, authority=None, required=True, prefix="--"):
    """The flags of a listener; `prefix` is `--peer-` for the peers."""
    flags = [f"{prefix}cert-file={certificate.certificate}", f"{prefix}key-file={certificate.key}"]
    if authority:
        flags.append(f"{prefix}trusted-ca-file={authority}")
    if authority and required:
        flags.append(f"{prefix}client-cert-auth")
    return flags


def peer_flags(certificate, authority, required=True):
    return server_flags(certificate, authority, required, prefix="--peer-")


@dataclasses.dataclass
class Attempt:
    """One request over a new connection, and what the server logged about it.

    `error` is None if there was a response; `alert` is the alert received. A connection that is
    refused after the client's side of the handshake may be reset before the alert is read: then
    `alert` is None.
    """
    port: int
    response: bytes = b""
    error: Exception | None = None
    alert: str | None = None
    cipher: tuple | None = None
    protocol: str | None = None
    session: ssl.SSLSession | None = None
    resumed: bool = False

    @property
    def status(self):
        """The status of an HTTP/1.1 response, None without one."""
        return int(self.response.split()[1]) if self.response.startswith(b"HTTP/1.1 ") else None


def attempt(endpoint, context, name="127.0.0.1", path="/health", data=None, seconds=30,
            session=None):
    """Connects, completes the handshake, sends a request (`data` replaces it), reads to the end.

    `session` is that of an earlier attempt with the same context, to be resumed.
    """
    host, _, port = endpoint.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as plain:
        result = Attempt(plain.getsockname()[1])
        try:
            with context.wrap_socket(plain, server_hostname=name, session=session) as secured:
                result.cipher, result.protocol = secured.cipher(), secured.selected_alpn_protocol()
                result.resumed = secured.session_reused
                secured.sendall(data or f"GET {path} HTTP/1.1\r\nHost: {endpoint}\r\n"
                                        "Connection: close\r\n\r\n".encode())
                while not is_whole(result.response) and (received := secured.recv(65536)):
                    result.response += received
                result.session = secured.session
        except (ssl.SSLError, OSError) as error:
            result.error = error
            found = re.search(r"ALERT_(\w+)", getattr(error, "reason", None) or "")
            result.alert = found and found.group(1).lower()
    return result


def is_whole(response):
    """Whether an HTTP/1.1 response is complete; a peer listener of etcd closes only after 5 s."""
    head, end, body = response.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if not head.startswith(b"HTTP/1.1 ") or not end:
        return False
    return len(body) >= int(length.group(1)) if length else body.endswith(b"0\r\n\r\n")


def rejection(member, port, kind="client", seconds=30):
    """The line about a rejected connection from this local port."""
    messages = (f"rejected connection on {kind} endpoint", "rejected connection")

    def found():
        for line in member.log_lines(delay=0):
            if line.get("msg") in messages and line["remote-addr"].endswith(f":{port}"):
                return line
        return None
    return until(found, seconds, f"a rejected connection from port {port}", pause=0.02)


def text_of_3_5(text):
    """The text of an error as etcd 3.5.1, made with Go 1.16, has it."""
    return text.replace("tls: failed to verify certificate: ",
                        "tls: failed to verify client certificate: ")


def rejected_with(member, port, text, kind="client"):
    """Requires a rejection with this error; the text may end with `...`. Returns the line."""
    line = rejection(member, port, kind)
    expected = text_of_3_5(text) if is_3_5(member.arguments()[0]) else text
    if expected.endswith("..."):
        assert line["error"].startswith(expected[:-3]), line
    else:
        assert line["error"] == expected, line
    return line


def served_serial(endpoint, tls):
    """The serial number of the certificate that a listener serves, None if the handshake fails."""
    host, _, port = endpoint.rpartition(":")
    context = tls.context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            with context.wrap_socket(plain) as secured:
                return x509.load_der_x509_certificate(secured.getpeercert(True)).serial_number
    except (ssl.SSLError, OSError):
        return None
