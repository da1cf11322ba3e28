"""What clients of a member with TLS need: the authority they trust and their own certificate."""
import dataclasses
import pathlib
import ssl

import grpc

from acceptance.certificates import Certificate


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
