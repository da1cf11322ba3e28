"""The certificates of encrypted rows: made once for each run and kind of key."""
import functools
import pathlib
import tempfile

from acceptance.certificates import BOTH, LOCAL, Authority, name_of
from acceptance.secure import ClientTLS, peer_flags, server_flags

# Kinds of keys: ECDSA P-256, and RSA with 2048 bits.
P256, RSA = "p256", "rsa"


class Encryption:
    """The flags of servers and clients whose certificates have one kind of key."""

    def __init__(self, kind):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="certificates-"))
        self.authority = Authority(self.directory, "ca", "benchmark ca")
        self.certificate = self.authority.issue(
            "server", name_of("benchmark"), usages=BOTH, key=kind, **LOCAL)
        self.clients = ClientTLS(self.authority.path)

    def member_flags(self):
        """Certificates of a member for its clients; none are asked of them."""
        return server_flags(self.certificate)

    def cluster_flags(self):
        """The same, and certificates for and of the other members."""
        return self.member_flags() + peer_flags(self.certificate, self.authority.path)

    def load_generator_flags(self):
        return ["--cacert", str(self.authority.path)]


@functools.cache
def encryption(kind):
    return Encryption(kind)
