"""Certificates for tests: authorities, certificates of every kind, revocation lists.

Most keys are P-256: a certificate takes less than a millisecond. `Certificates` makes each kind
when a test names it first; the kinds are in `SERVERS`, `CLIENTS` and `PEERS`.
"""
import dataclasses
import datetime
import functools
import ipaddress
import itertools
import os
import pathlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
BOTH = (SERVER, CLIENT)
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
CODE = ExtendedKeyUsageOID.CODE_SIGNING
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
VALID = (NOW - DAY, NOW + 365 * DAY)
EXPIRED = (NOW - 2 * DAY, NOW - DAY)
NOT_YET = (NOW + DAY, NOW + 2 * DAY)
SERIALS = itertools.count(1_000)

KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    # The library generates no keys of 1024 bits.
    "rsa1024": lambda: serialization.load_pem_private_key(
        subprocess.run(["openssl", "genrsa", "1024"], capture_output=True, check=True).stdout,
        None),
}


def name_of(common_name, organization=None):
    """A subject; None leaves a part out."""
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts if value])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_atomically(path, content):
    """Replaces a file in one step, as tools that rotate certificates do."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(content)
    os.replace(temporary, path)


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The files of a certificate and of its key; the chain is in the certificate's file."""
    certificate: pathlib.Path
    key: pathlib.Path
    serial: int

    def copy_to(self, other):
        """Replaces the files of another certificate by this one's: first the key."""
        write_atomically(other.key, self.key.read_bytes())
        write_atomically(other.certificate, self.certificate.read_bytes())


def store(directory, name, certificate, key, chain=()):
    """Writes the files of a certificate."""
    result = Certificate(directory / f"{name}.crt", directory / f"{name}.key",
                         certificate.serial_number)
    result.certificate.write_bytes(b"".join(map(pem, [certificate, *chain])))
    result.key.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return result


def signed(subject, key, issuer, issuer_key, valid, extensions, serial=None):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(key.public_key()).serial_number(serial or next(SERIALS))
               .not_valid_before(valid[0]).not_valid_after(valid[1]))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(
        issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


class Authority:
    """An authority: a root, or an intermediate of `parent`. `path` is its certificate."""

    def __init__(self, directory, name, common_name, parent=None):
        self.directory, self.parent = directory, parent
        self.key = KEYS["p256"]()
        self.subject = name_of(common_name)
        issuer = parent or self
        self.certificate = signed(
            self.subject, self.key, issuer.subject, issuer.key, (NOW - DAY, NOW + 3650 * DAY), [
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (x509.KeyUsage(True, False, False, False, False, True, True, False, False), True),
                (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)])
        self.files = store(directory, name, self.certificate, self.key)
        self.path = self.files.certificate

    def issue(self, name, subject=None, addresses=(), names=(), usages=BOTH, valid=VALID,
              key="p256", serial=None, chain=True):
        """Issues a certificate; usages None leaves the extended key usage out."""
        key = KEYS[key]()
        alternatives = [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
        alternatives += [x509.DNSName(one) for one in names]
        extensions = [(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                       False)]
        if usages is not None:
            extensions.append((x509.ExtendedKeyUsage(list(usages)), False))
        if alternatives:
            extensions.append((x509.SubjectAlternativeName(alternatives), not subject))
        certificate = signed(subject or x509.Name([]), key, self.subject, self.key, valid,
                             extensions, serial)
        return store(self.directory, name, certificate, key,
                     [self.certificate] if self.parent and chain else [])

    def revoke(self, path, *serials, encoding=serialization.Encoding.DER, next_update=30 * DAY):
        """Writes a revocation list of this authority that lists the serials."""
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.subject)
                   .last_update(NOW - 10 * DAY).next_update(NOW + next_update))
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial)
                .revocation_date(NOW - DAY).build())
        write_atomically(path, builder.sign(self.key, hashes.SHA256()).public_bytes(encoding))
        return path


LOCAL = {"addresses": ["127.0.0.1"], "names": ["localhost"]}
SERVERS = {
    "srv": {}, "srv2": {}, "srv-rsa": {"key": "rsa"}, "srv-rsa1024": {"key": "rsa1024"},
    "srv-p384": {"key": "p384"}, "srv-p521": {"key": "p521"}, "srv-p224": {"key": "p224"},
    "srv-ed25519": {"key": "ed25519"}, "srv-expired": {"valid": EXPIRED},
    "srv-notyet": {"valid": NOT_YET}, "srv-conly": {"usages": [CLIENT]},
    "srv-sonly": {"usages": [SERVER]}, "srv-noeku": {"usages": None},
    "srv-nosan": {"subject": name_of("127.0.0.1"), "addresses": [], "names": []},
    "srv-root": {"subject": name_of("root")},
    "srv-dns": {"addresses": []}, "srv-nocn": {"subject": name_of(None, "etcd tests")},
    "srv-other": {"addresses": ["10.9.9.9"], "names": ["etcd.example.com"]},
    "srv-ca2": {"authority": "ca2"}, "srv-int": {"authority": "int"},
    "srv-int-nochain": {"authority": "int", "chain": False},
}
CLIENTS = {
    "cli": {}, "cli2": {}, "cli-alice": {"subject": name_of("alice")},
    "cli-nobody": {"subject": name_of("nobody")},
    "cli-nocn": {"subject": name_of(None, "etcd tests")}, "cli-emptysub": {"subject": None},
    "cli-ca2": {"authority": "ca2"}, "cli-expired": {"valid": EXPIRED},
    "cli-notyet": {"valid": NOT_YET}, "cli-sonly": {"usages": [SERVER]},
    "cli-noeku": {"usages": None}, "cli-both": {"usages": BOTH}, "cli-any": {"usages": [ANY]},
    "cli-code": {"usages": [CODE]}, "cli-int": {"authority": "int"},
    "cli-int-nochain": {"authority": "int", "chain": False}, "cli-revoked": {"serial": 0x415},
    "cli-ca2-revoked": {"authority": "ca2", "serial": 0x415},
    "cli-host": {"names": ["client.example.com"]}, "cli-host2": {"names": ["other.example.org"]},
    "cli-wild": {"names": ["*.example.com"]}, "cli-ip": {"addresses": ["127.0.0.1"]},
    "cli-ip-other": {"addresses": ["10.9.9.9"]},
    "cli-cnhost": {"subject": name_of("client.example.com")}, "cli-rsa": {"key": "rsa"},
    "cli-rsa1024": {"key": "rsa1024"}, "cli-p521": {"key": "p521"},
    "cli-ed25519": {"key": "ed25519"},
}
PEERS = {
    "peer-ca2": {"authority": "ca2"}, "peer-sonly": {"usages": [SERVER]},
    "peer-conly": {"usages": [CLIENT]}, "peer-expired": {"valid": EXPIRED},
    "peer-notyet": {"valid": NOT_YET}, "peer-revoked": {"serial": 0x424},
    "peer-nosan": {"addresses": [], "names": []},
    "peer-other-address": {"addresses": ["10.9.9.9"], "names": []},
    "peer-other-name": {"addresses": [], "names": ["other.example.com"]},
    "peer-wildcard": {"addresses": [], "names": ["*.example.com"]},
    "peer-localhost": {"addresses": [], "names": ["localhost"]},
    "peer-address-and-name": {"addresses": ["10.9.9.9"], "names": ["localhost"]},
}


class Certificates:
    """The certificates of a test run, by the names of their kinds, made on first use."""

    def __init__(self, directory):
        self.directory = directory
        self.made = {}

    @functools.cached_property
    def ca(self):
        return Authority(self.directory, "ca", "test ca")

    @functools.cached_property
    def ca2(self):
        return Authority(self.directory, "ca2", "another ca")

    @functools.cached_property
    def int(self):
        return Authority(self.directory, "int", "test intermediate", parent=self.ca)

    @functools.cached_property
    def bundle(self):
        """The path of a file with the certificates of both authorities."""
        path = self.directory / "bundle.crt"
        path.write_bytes(self.ca.path.read_bytes() + self.ca2.path.read_bytes())
        return path

    def __getitem__(self, name):
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    def _make(self, name):
        if name in ("self", "cli-self"):
            return self._self_signed(name)
        if name == "cli-sha1":
            return self._with_sha1(name)
        if name in SERVERS:
            options = {"subject": name_of(f"server {name}"), **LOCAL, **SERVERS[name]}
        elif name in CLIENTS:
            options = {"subject": name_of("root"), "usages": [CLIENT], **CLIENTS[name]}
        else:
            number = name.removeprefix("peer-")
            options = {"subject": name_of(f"{number}.example.com"), **LOCAL, **PEERS.get(name, {})}
        return getattr(self, options.pop("authority", "ca")).issue(name, **options)

    def _self_signed(self, name):
        key, subject = KEYS["p256"](), name_of("self-signed")
        certificate = signed(subject, key, subject, key, VALID, [
            (x509.ExtendedKeyUsage(list(BOTH)), False),
            (x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
             False)])
        return store(self.directory, name, certificate, key)

    def _with_sha1(self, name):
        """A signature that the library does not make any more."""
        result = Certificate(self.directory / f"{name}.crt", self.directory / f"{name}.key", 77)
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text("extendedKeyUsage=clientAuth\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=root", "-keyout", result.key, "-out", request)
        openssl("x509", "-req", "-sha1", "-in", request, "-CA", self.ca.path, "-CAkey",
                self.ca.files.key, "-set_serial", "77", "-days", "30", "-extfile", extensions,
                "-out", result.certificate)
        return result


def openssl(*arguments):
    """Runs openssl and returns its output."""
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout
