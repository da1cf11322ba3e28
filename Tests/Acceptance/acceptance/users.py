"""Users for tests: logins, the metadata of a caller, signed tokens and the keys that sign them."""
import base64
import collections
import contextlib
import hashlib
import hmac
import json
import re

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from acceptance import api
from acceptance.certificates import KEYS

rpc = api.rpc
SIMPLE_TOKEN = re.compile(r"[A-Za-z]{16}\.[0-9]+")
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def metadata(token):
    """The metadata of a call with this token; None without one."""
    return (("token", token),) if token else None


def login(auth, name, password, seconds=20):
    """Logs in with the stub of service Auth and returns the token."""
    request = rpc.AuthenticateRequest(name=name, password=password)
    return auth.Authenticate(request, timeout=seconds).token


def permission(kind, key, end=b""):
    """A permission; the kind is READ, WRITE or READWRITE."""
    return api.authpb.Permission(permType=kind, key=key, range_end=end)


def setup(auth, users=(), enable=True, as_user=None):
    """Creates root, and users with a role of their own, and enables authentication.

    A user is (name, password, permissions); a permission is (kind, key, range end).
    """
    calls = {"timeout": 20, "metadata": metadata(as_user)}
    for name, password, permissions in [("root", "rootpw", ()), *users]:
        auth.UserAdd(rpc.AuthUserAddRequest(name=name, password=password), **calls)
        auth.RoleAdd(rpc.AuthRoleAddRequest(name=name), **calls)
        for one in permissions:
            auth.RoleGrantPermission(
                rpc.AuthRoleGrantPermissionRequest(name=name, perm=permission(*one)), **calls)
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user=name, role=name), **calls)
    if enable:
        auth.AuthEnable(rpc.AuthEnableRequest(), **calls)


Details = collections.namedtuple(
    "Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression"))


class LoggedIn(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
               grpc.StreamStreamClientInterceptor):
    """Adds the token of a user to the calls of a channel. A call that the server refuses because it
    does not know the token, after a restart for example, is made again after another login.

    `channels` returns the channels to log in at, the next one if one fails: a learner serves no
    logins, but knows the tokens of others.
    """

    def __init__(self, channels, name, password):
        self.channels = channels
        self.name, self.password = name, password
        self.token = None

    def log_in(self):
        for channel in self.channels():
            with contextlib.suppress(grpc.RpcError):
                return login(api.stub(channel, "Auth"), self.name, self.password, seconds=5)
        # The call itself fails for the same reason, or needs no token.
        return None

    def details(self, given):
        if self.token is None:
            self.token = self.log_in()
        metadata_of_call = list(given.metadata or ()) + list(metadata(self.token) or ())
        return Details(given.method, given.timeout, metadata_of_call, given.credentials,
                       given.wait_for_ready, given.compression)

    def intercept_unary_unary(self, continuation, given, request):
        call = continuation(self.details(given), request)
        if (call.details() or "").endswith("invalid auth token"):
            self.token = None
            call = continuation(self.details(given), request)
        return call

    def intercept_unary_stream(self, continuation, given, request):
        return continuation(self.details(given), request)

    def intercept_stream_stream(self, continuation, given, requests):
        return continuation(self.details(given), requests)


class SigningKeys:
    """Key files for signed tokens, in one directory, made when their name is first used.

    `rs256.key` and `rs256b.key` are RSA keys, `rs256.pub` is the public key of the first one;
    `rs256pk8` and `rs256pk1` name the form of the file; `hs256.key` is a shared secret.
    """

    SECRET = b"facts hmac secret"
    KINDS = {"rs": "rsa", "ps": "rsa", "es256": "p256", "es384": "p384", "es512": "p521",
             "ed": "ed25519"}
    FORMS = {"pk8": serialization.PrivateFormat.PKCS8,
             "pk1": serialization.PrivateFormat.TraditionalOpenSSL}

    def __init__(self, directory):
        self.directory = directory
        self.keys = {}

    def make(self, flags):
        """Makes the files that the flags of a server name, except for missing ones."""
        for name in re.findall(r"(?:priv|pub)-key=([\w.]+)", " ".join(flags)):
            if re.fullmatch(r"\w+\.(key|pub)", name) and not name.startswith("missing"):
                self.path(name)

    def path(self, name):
        path = self.directory / name
        if not path.exists():
            path.write_bytes(self._content(name))
        return path

    def _content(self, name):
        stem, _, kind = name.partition(".")
        if stem == "empty":
            return b""
        if stem == "bad":
            return b"no key\n"
        if stem.startswith("hs"):
            return self.SECRET
        if kind == "pub":
            return self.private(stem).public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        # By themselves the forms that openssl writes: SEC 1 for elliptic curves, else PKCS #8.
        usual = "pk1" if stem.startswith("es") else "pk8"
        form = self.FORMS[stem[-3:] if stem[-3:] in self.FORMS else usual]
        return self.private(stem).private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption())

    def private(self, stem):
        if stem not in self.keys:
            kind = next(kind for start, kind in self.KINDS.items() if stem.startswith(start))
            self.keys[stem] = KEYS[kind]()
        return self.keys[stem]

    def sign(self, header, claims, algorithm, name):
        """A token, signed with the key of a file whatever the header says."""
        parts = [encoded(json.dumps(one, separators=(",", ":")).encode())
                 for one in (header, claims)]
        return ".".join([*parts, encoded(self._signature(".".join(parts).encode(), algorithm,
                                                         name))])

    def _signature(self, data, algorithm, name):
        if algorithm == "none":
            return b""
        if algorithm.startswith("HS"):
            return hmac.new(self.path(name).read_bytes(), data, HASHES[algorithm[2:]]).digest()
        key = self.private(name.partition(".")[0])
        assert isinstance(key, rsa.RSAPrivateKey) and algorithm == "RS256", algorithm
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def described(token, now):
    """What is the same in all tokens of the same kind; `now` is the time of the login."""
    if SIMPLE_TOKEN.fullmatch(token):
        return "simple"
    header, claims, signature = token.split(".")
    expiry = json.loads(decoded(claims))["exp"]
    return {
        "header": decoded(header).decode(),
        "claims": decoded(claims).decode().replace(f'"exp":{expiry}', '"exp":<exp>'),
        "seconds": expiry - int(now), "signature_bytes": len(decoded(signature))}
