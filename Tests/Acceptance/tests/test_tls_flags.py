"""TLS flags at the start: good, bad and missing files, versions, suites, auto TLS.

The texts are those of etcd 3.7.1. Unlike etcd, ours reads the files of the clients' side before it
writes anything, so that every refusal comes before the member is ready.
"""
import pytest

from acceptance.cluster import is_3_5
from acceptance.members import our_etcd
from acceptance.tls_start import Case, Starts, check, make_odd_files

CLIENT = "--cert-file=srv.crt --key-file=srv.key"
PEER = "--peer-cert-file=srv.crt --peer-key-file=srv.key"
IGNORED = "scheme is http or unix while key and cert files are present; ignoring key and cert files"
IGNORED_PEER = "scheme is HTTP while key and cert files are present; ignoring key and cert files"
NO_PEM = "tls: failed to find any PEM data in {} input"
MISSING = "open nofile: no such file or directory"
NO_CERTIFICATE = ("TLS key/cert (--cert-file, --key-file) must be provided for client url "
                  "https://127.0.0.1:{client} with HTTPS scheme")
NO_HTTP2 = ("http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher "
            "(need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or "
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)")


def info(certificate="srv.crt", key="srv.key", client="", client_key="", authority="",
         required="false", revoked=""):
    """The field tls-info of the lines `starting with client TLS` and `... peer TLS`."""
    return {"tls-info": f"cert = {certificate}, key = {key}, client-cert={client}, "
                        f"client-key={client_key}, trusted-ca = {authority}, "
                        f"client-cert-auth = {required}, crl-file = {revoked}"}


def pairs(prefix, scheme):
    """Errors of the certificate and the key that both sides have in common."""
    side = prefix.strip("-") or "client"

    def case(name, cert, key, error, old=None):
        flags = "".join(f" {prefix}{flag}={value}" for flag, value in
                        (("cert-file", cert), ("key-file", key)) if value)
        return Case(f"{side}-{name}", flags, error, old,
                    client=scheme if prefix == "--" else "http",
                    peer="http" if prefix == "--" else scheme)

    both = "KeyFile and CertFile must both be present[key: {}, cert: {}]".format
    return [
        case("cert-without-key", "srv.crt", "", both("", "srv.crt")),
        case("key-without-cert", "", "srv.key", both("srv.key", "")),
        case("cert-missing", "nofile", "srv.key", MISSING),
        case("key-missing", "srv.crt", "nofile", MISSING),
        case("key-unreadable", "srv.crt", "unreadable.key",
             "open unreadable.key: permission denied"),
        case("cert-directory", "folder", "srv.key", "read folder: is a directory"),
        case("key-directory", "srv.crt", "folder", "read folder: is a directory"),
        *(case(f"cert-{name}", name, "srv.key", NO_PEM.format("certificate"))
          for name in ("garbage.txt", "empty.txt", "truncated.crt", "srv.der")),
        *(case(f"key-{name}", "srv.crt", name, NO_PEM.format("key"))
          for name in ("garbage.txt", "empty.txt", "key.der")),
        case("cert-bad", "bad.crt", "srv.key", "x509: malformed certificate", "asn1: ..."),
        case("key-is-cert", "srv.crt", "srv.crt",
             "tls: found a certificate rather than a key in the PEM for the private key"),
        case("cert-is-key", "srv.key", "srv.key",
             "tls: failed to find certificate PEM data in certificate input, but did find a "
             "private key; PEM inputs may have been switched"),
        case("cert-x509-header", "x509.crt", "srv.key",
             'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM '
             "blocks of the following types: [X509 CERTIFICATE]"),
        case("key-of-another", "srv.crt", "srv2.key",
             "tls: private key does not match public key"),
        case("key-of-another-type", "srv.crt", "srv-rsa.key",
             "tls: private key type does not match public key type"),
        case("key-locked", "srv.crt", "locked.key",
             "tls: failed to parse private key: asn1: structure error: ...",
             "tls: failed to parse private key..."),
        case("good", "srv.crt", "srv.key", None),
    ]


def client_names(cert, client_cert="", client_key=""):
    return (f"{cert} " + (f"--client-cert-file={client_cert} " if client_cert else "")
            + (f"--client-key-file={client_key}" if client_key else ""))


CLIENT_SIDE = [
    *pairs("--", "https"),
    # Files that are accepted.
    *(Case(f"client-{name}-{key}", f"--cert-file={name} --key-file={key}")
      for name, key in (("both.pem", "both.pem"), ("text.crt", "sec1.key"),
                        ("srv.crt", "parameters.key"), ("srv-rsa.crt", "rsa1.key"))),
    *(Case(f"client-{name}", f"--cert-file={name}.crt --key-file={name}.key")
      for name in ("srv-expired", "srv-notyet", "srv-nosan", "srv-other", "srv-conly", "self",
                   "srv-ca2", "srv-int-nochain", "srv-p521", "srv-ed25519")),
    # The certificate for the member's own calls.
    Case("own-cert-alone", client_names(CLIENT, client_cert="cli.crt"),
         "ClientKeyFile and ClientCertFile must both be present or both absent: key: , "
         "cert: cli.crt]"),
    Case("own-key-alone", client_names(CLIENT, client_key="cli.key"),
         "ClientKeyFile and ClientCertFile must both be present or both absent: key: cli.key, "
         "cert: ]"),
    Case("own-cert-missing", client_names(CLIENT, "nofile", "cli.key"), MISSING),
    Case("own-cert-of-another-key", client_names(CLIENT, "cli.crt", "srv.key"),
         "tls: private key does not match public key"),
    # The authorities.
    Case("ca-missing", f"{CLIENT} --trusted-ca-file=nofile", MISSING),
    Case("ca-directory", f"{CLIENT} --trusted-ca-file=folder", "read folder: is a directory"),
    *(Case(f"ca-{name}", f"{CLIENT} --client-cert-auth --trusted-ca-file={name}")
      for name in ("empty.txt", "garbage.txt", "srv.der", "truncated.crt", "twice.crt",
                   "trusted.crt", "bundle.crt")),
    Case("ca-bad", f"{CLIENT} --trusted-ca-file=bad.crt", "x509: malformed certificate",
         "asn1: ..."),
    Case("ca-is-key", f"{CLIENT} --trusted-ca-file=srv.key", "x509: malformed tbs certificate",
         "asn1: ..."),
    Case("ca-is-crl", f"{CLIENT} --trusted-ca-file=crl.pem", "x509: malformed validity",
         "asn1: ..."),
    Case("auth-without-ca", f"{CLIENT} --client-cert-auth"),
    Case("ca-without-auth", f"{CLIENT} --trusted-ca-file=ca.crt",
         lines=(("starting with client TLS", info(authority="ca.crt")),)),
    Case("crl-missing", f"{CLIENT} --client-cert-auth --trusted-ca-file=ca.crt "
         "--client-crl-file=nofile",
         lines=(("starting with client TLS",
                 info(authority="ca.crt", required="true", revoked="nofile")),)),
    Case("allowed-hostname-without-ca", f"{CLIENT} --client-cert-allowed-hostname=a"),
    # Schemes and certificates.
    Case("https-without-certificate", "", NO_CERTIFICATE),
    Case("https-with-ca-only", "--trusted-ca-file=ca.crt --client-cert-auth", NO_CERTIFICATE),
    Case("unixs-without-certificate", "", NO_CERTIFICATE.replace(
        "https://127.0.0.1", "unixs://localhost"), client="unixs"),
    Case("unixs-with-certificate", CLIENT, client="unixs"),
    Case("http-with-certificate", CLIENT, client="http", lines=((IGNORED, {}),)),
    Case("http-with-broken-certificate", "--cert-file=garbage.txt --key-file=nofile", client="http",
         lines=((IGNORED, {}),)),
    Case("http-with-auth", "--client-cert-auth", client="http", lines=((
        "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for "
        "this URL", {}),)),
    Case("http-with-missing-ca", "--trusted-ca-file=nofile --client-crl-file=nofile",
         client="http"),
    Case("http-and-https-on-one-port",
         f"{CLIENT} --listen-client-urls=http://127.0.0.1:{{client}},https://127.0.0.1:{{client}}",
         lines=(("serving client traffic securely", {"traffic": "grpc+http"}),
                ("serving client traffic insecurely; this is strongly discouraged!",
                 {"traffic": "grpc+http"}))),
    Case("http-only-url-like-client-url",
         f"{CLIENT} --listen-client-http-urls=http://127.0.0.1:{{client}}",
         "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url "
         "http://127.0.0.1:{client}", old=False),
    Case("good-with-everything",
         f"{CLIENT} --client-cert-file=cli.crt --client-key-file=cli.key --client-cert-auth "
         "--trusted-ca-file=ca.crt --client-crl-file=crl.der",
         lines=(("starting with client TLS", info(
             client="cli.crt", client_key="cli.key", authority="ca.crt", required="true",
             revoked="crl.der")),)),
]
PEER_SIDE = [
    *pairs("--peer-", "https"),
    Case("peer-https-without-certificate", "",
         "cannot listen on TLS for 127.0.0.1:{peer}: KeyFile and CertFile are not presented",
         client="http", peer="https"),
    Case("peer-ca-missing", f"{PEER} --peer-trusted-ca-file=nofile", MISSING, client="http",
         peer="https"),
    Case("peer-ca-bad", f"{PEER} --peer-trusted-ca-file=bad.crt", "x509: malformed certificate",
         "asn1: ...", client="http", peer="https"),
    Case("peer-http-with-certificate", PEER, client="http",
         lines=((IGNORED_PEER, {}),)),
    Case("peer-http-with-broken-certificate", "--peer-cert-file=srv.crt --peer-key-file=nofile",
         MISSING, client="http"),
    Case("peer-http-with-auth", "--peer-client-cert-auth", client="http", lines=((
        "scheme is HTTP while --peer-client-cert-auth is enabled; ignoring client cert auth for "
        "this URL", {}),)),
    Case("peer-http-with-ca", "--peer-trusted-ca-file=ca.crt", client="http"),
    Case("peer-http-with-missing-ca", "--peer-trusted-ca-file=nofile", MISSING, client="http"),
    Case("peer-client-cert-alone", f"{PEER} --peer-client-cert-file=cli.crt",
         "ClientKeyFile and ClientCertFile must both be present or both absent: key: , "
         "cert: cli.crt]", old=False, client="http"),
    Case("peer-cn-and-hostname",
         f"{PEER} --peer-cert-allowed-cn=a,b --peer-cert-allowed-hostname=h",
         'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a" "b"], hostnames=["h"])',
         'AllowedCN and AllowedHostname are mutually exclusive (cn="a,b", hostname="h")',
         client="http", peer="https"),
    Case("peer-cn-and-hostname-http", "--peer-cert-allowed-cn=a --peer-cert-allowed-hostname=h",
         client="http"),
    Case("peer-crl-missing", f"{PEER} --peer-trusted-ca-file=ca.crt --peer-client-cert-auth "
         "--peer-crl-file=nofile", client="http", peer="https"),
    Case("peer-unixs", "", client="http", peer="unixs"),
    Case("peer-http-and-https-on-one-port",
         f"{PEER} --listen-peer-urls=http://127.0.0.1:{{peer}},https://127.0.0.1:{{peer}}",
         "listen tcp 127.0.0.1:{peer}: bind: address already in use", client="http"),
    Case("peer-expired", "--peer-cert-file=srv-expired.crt --peer-key-file=srv-expired.key",
         client="http", peer="https"),
]
METRICS = "--listen-metrics-urls={}://127.0.0.1:{{metrics}}"
NO_METRICS = ("client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure "
              "url")
METRICS_SIDE = [
    Case("metrics-https-without-certificate", METRICS.format("https"), NO_METRICS,
         "cannot listen on TLS for 127.0.0.1:{metrics}: KeyFile and CertFile are not presented",
         client="http"),
    Case("metrics-https", f"{CLIENT} {METRICS.format('https')}",
         lines=(("serving metrics", {}),)),
    Case("metrics-http-with-certificate", f"{CLIENT} {METRICS.format('http')}",
         lines=(("serving metrics", {}),)),
    Case("metrics-https-bad-certificate",
         f"--cert-file=nofile --key-file=srv.key {METRICS.format('https')}", MISSING,
         client="http"),
    Case("metrics-http-and-https-on-one-port",
         f"{CLIENT} {METRICS.format('http')},https://127.0.0.1:{{metrics}}",
         "listen tcp 127.0.0.1:{metrics}: bind: address already in use", writes=True),
]
GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
VERSION = 'unexpected TLS version "{}" (must be one of: TLS1.2, TLS1.3)'
SUITE = 'unexpected TLS cipher suite "{}"'
VERSIONS_AND_SUITES = [
    *(Case(f"{bound}-{value}", f"--tls-{bound}-version={value}", VERSION.format(value), old=False,
           client="http")
      for bound in ("min", "max") for value in ("TLS1.0", "TLS1.1", "tls1.2", "1.2", "TLS1.4")),
    Case("versions-empty", f"{CLIENT} --tls-min-version= --tls-max-version=", old=False),
    Case("versions-crossed", "--tls-min-version=TLS1.3 --tls-max-version=TLS1.2",
         "min version (TLS1.3) is greater than max version (TLS1.2)", old=False, client="http"),
    Case("suites-with-1.3", "--tls-min-version=TLS1.3 --cipher-suites=FOO",
         "cipher suites cannot be configured when only TLS1.3 is enabled", old=False,
         client="http"),
    Case("suites-with-max-1.3", f"{CLIENT} --tls-max-version=TLS1.3 --cipher-suites={GCM}",
         old=False),
    *(Case(f"suite-{number}", f"--cipher-suites={value}", SUITE.format(unknown), client="http",
           peer="http", old=None if value else False)
      for number, (value, unknown) in enumerate((
          ("FOO", "FOO"), ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
          (GCM.lower(), GCM.lower()), (f"{GCM},", ""),
          ("TLS_FALLBACK_SCSV", "TLS_FALLBACK_SCSV"),
          ("TLS_RSA_WITH_AES_256_CBC_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256")))),
    *(Case(f"suites-without-http2-{number}", f"{CLIENT} --cipher-suites={value}", NO_HTTP2,
           old=False)
      for number, value in enumerate((
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"))),
    Case("suites-without-http2-for-peers", f"{PEER} --cipher-suites="
         "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", client="http", peer="https"),
    Case("suites-twice", f"{CLIENT} --cipher-suites={GCM},{GCM},TLS_RSA_WITH_AES_128_CBC_SHA"),
    Case("validity-0", "--auto-tls --self-signed-cert-validity=0",
         "selfSignedCertValidity is invalid,it should be greater than 0",
         lines=(("cannot generate cert",
                 {"error": "selfSignedCertValidity is invalid,it should be greater than 0"}),)),
    Case("validity-0-without-auto-tls", "--self-signed-cert-validity=0", client="http"),
    *(Case(f"validity-{value}", f"--self-signed-cert-validity={value}",
           f'invalid value "{value}" for flag -self-signed-cert-validity: parse error', status=2,
           client="http") for value in ("-1", "x")),
    Case("auto-with-certificate", f"--auto-tls {CLIENT}",
         lines=(("ignoring client auto TLS since certs given", {}),)),
    Case("auto-with-certificate-alone", "--auto-tls --cert-file=srv.crt",
         "KeyFile and CertFile must both be present[key: , cert: srv.crt]",
         lines=(("ignoring client auto TLS since certs given", {}),)),
    Case("peer-auto-with-certificate", f"--peer-auto-tls {PEER}", client="http", peer="https",
         lines=(("ignoring peer auto TLS since certs given", {}),)),
]
CASES = [*CLIENT_SIDE, *PEER_SIDE, *METRICS_SIDE, *VERSIONS_AND_SUITES]


@pytest.fixture(scope="module")
def starts(request, certificates, tmp_path_factory):
    """Starts the members of all selected cases, four at a time."""
    selected = [item.callspec.params["case"] for item in request.session.items
                if item.path == request.path and "case" in getattr(item, "callspec", {}).params]
    for kind in ("srv-expired", "srv-notyet", "srv-nosan", "srv-other", "srv-conly", "self",
                 "srv-ca2", "srv-int-nochain", "srv-p521", "srv-ed25519"):
        certificates[kind]
    files = make_odd_files(certificates)
    running = Starts([case for case in selected if not newer(case)],
                     tmp_path_factory.mktemp("starts"), files)
    yield running
    running.close()


def newer(case):
    return case.old is False and is_3_5(our_etcd())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_start_with(starts, case):
    if newer(case):
        pytest.skip("3.5.1 has no such rule")
    check(case, starts.result(case))
