"""The files of TLS of a cluster, which are replaced while its members run."""
from acceptance.certificates import LOCAL, Certificate, name_of, write_atomically


class RotatedFiles:
    """The files that the members read, in one directory; each member has a peer certificate."""

    def __init__(self, directory, certificates, members=3):
        self.directory, self.certificates, self.count = directory, certificates, 0
        self.server = self.pair("server")
        self.peers = [self.pair(f"peer{number}") for number in range(members)]
        self.ca, self.crl = directory / "ca.crt", directory / "crl.der"
        write_atomically(self.ca, certificates.ca.path.read_bytes())
        certificates.ca.revoke(self.crl)
        for pair in (self.server, *self.peers):
            self.replace(pair)

    def pair(self, name):
        return Certificate(self.directory / f"{name}.crt", self.directory / f"{name}.key", 0)

    def replace(self, pair, authority=None, **options):
        """Issues a certificate in place of the present one and returns its serial number."""
        self.count += 1
        new = (authority or self.certificates.ca).issue(
            f"rotated-{self.count}", name_of(f"{pair.key.stem} {self.count}"),
            **{**LOCAL, **options})
        new.copy_to(pair)
        return new.serial

    def flags(self):
        """The flags of all members."""
        return [
            f"--cert-file={self.server.certificate}", f"--key-file={self.server.key}",
            f"--trusted-ca-file={self.ca}", "--client-cert-auth",
            f"--peer-trusted-ca-file={self.ca}", "--peer-client-cert-auth",
            f"--peer-crl-file={self.crl}"]

    def peer_flags(self, number):
        """The flags of one member."""
        pair = self.peers[number]
        return [f"--peer-cert-file={pair.certificate}", f"--peer-key-file={pair.key}"]
