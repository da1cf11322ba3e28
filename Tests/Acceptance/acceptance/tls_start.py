"""Starts of a member with TLS flags: each case in its own process, several at a time.

A case names the flags, and either the error of a refused start or the log lines of a good one.
Files are named relative to the directory of the certificates, as in the texts.
"""
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import time

from cryptography.hazmat.primitives import serialization

from acceptance.cluster import is_3_5
from acceptance.members import free_ports, our_etcd

READY = "ready to serve client requests"


@dataclasses.dataclass
class Case:
    """`error` is the text of the last log line, None for a start that succeeds; `old` is the text
    of etcd 3.5.1 where it differs, False where 3.5.1 has no such rule. `lines` are messages that
    the log must have, with their fields."""
    id: str
    flags: str = ""
    error: str | None = None
    old: str | bool | None = None
    client: str = "https"
    peer: str = "http"
    lines: tuple = ()
    status: int = 1
    writes: bool = False


@dataclasses.dataclass
class Result:
    """What a process did: its ports, exit status (None: it runs), output, and whether it wrote
    anything."""
    ports: dict
    status: int | None
    output: str
    written: bool

    @property
    def lines(self):
        lines = []
        for line in self.output.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    @property
    def error(self):
        """The error of the fatal line, which other threads may log a line after; else of the last."""
        fatal = [line for line in self.lines if line.get("level") == "fatal"]
        last = (fatal or self.lines)[-1:]
        return last[0].get("error", "") if last else self.output

    def has(self, message, fields):
        return any(line.get("msg") == message and fields.items() <= line.items()
                   for line in self.lines)


def make_odd_files(certificates):
    """Files that are no good certificates or keys, beside the certificates; their directory."""
    directory = certificates.directory
    srv = certificates["srv"]
    crt, key = srv.certificate.read_bytes(), srv.key.read_bytes()
    plain = serialization.load_pem_private_key(key, None)
    private = serialization.PrivateFormat
    none = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    certificates["srv-rsa"], certificates["srv2"], certificates["cli"]
    certificates.ca, certificates.ca2, certificates.bundle
    revoked = certificates.ca.revoke(directory / "crl.der", 0x415)
    certificates.ca.revoke(directory / "crl.pem", 0x415, encoding=pem)
    body = crt.split(b"\n")
    half = b"\n".join([*body[:3], b"-----END CERTIFICATE-----", b""])
    contents = {
        "garbage.txt": b"not a certificate\n" * 20, "empty.txt": b"",
        "truncated.crt": crt[:len(crt) // 2], "bad.crt": half,
        "srv.der": subprocess.run(["openssl", "x509", "-outform", "DER"], input=crt,
                                  capture_output=True, check=True).stdout,
        "key.der": plain.private_bytes(serialization.Encoding.DER, private.PKCS8, none),
        "x509.crt": crt.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        "locked.key": plain.private_bytes(
            pem, private.PKCS8, serialization.BestAvailableEncryption(b"secret")),
        "sec1.key": plain.private_bytes(pem, private.TraditionalOpenSSL, none),
        "both.pem": key + b"text in between\n" + crt,
        "text.crt": b"Certificate of a test\n" + crt.replace(b"\n", b"\r\n") + b"\nEnd\n",
        "parameters.key": b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                          b"-----END EC PARAMETERS-----\n"
                          + plain.private_bytes(pem, private.TraditionalOpenSSL, none),
        "trusted.crt": certificates.ca.path.read_bytes().replace(
            b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
        "twice.crt": certificates.ca.path.read_bytes() * 2 + b"\ntext\n",
        "rsa1.key": serialization.load_pem_private_key(
            certificates["srv-rsa"].key.read_bytes(), None).private_bytes(
                pem, private.TraditionalOpenSSL, none),
        "unreadable.key": key,
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    (directory / "unreadable.key").chmod(0)
    (directory / "folder").mkdir(exist_ok=True)
    assert revoked.exists()
    return directory


def unprivileged():
    """A prefix that takes root's right to read every file."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def url(scheme, port):
    if scheme.startswith("unix"):
        return f"{scheme}://localhost:{port}"
    return f"{scheme}://127.0.0.1:{port}"


def run(case, data_directory, files, seconds=30):
    """Starts a member and waits until it ends, or serves; then it is killed."""
    client, peer, metrics = free_ports(3)
    peer_url = url(case.peer, peer)
    ports = {"client": client, "peer": peer, "metrics": metrics}
    flags = [part.format(**ports) for part in case.flags.split()]
    given = {part.split("=")[0] for part in flags}
    defaults = {
        "--name": "here", "--listen-client-urls": url(case.client, client),
        "--advertise-client-urls": url(case.client, client), "--listen-peer-urls": peer_url,
        "--initial-advertise-peer-urls": peer_url, "--initial-cluster": f"here={peer_url}",
        "--heartbeat-interval": "20", "--election-timeout": "200"}
    arguments = [f"{name}={value}" for name, value in defaults.items() if name not in given]
    log_path = data_directory.with_name(data_directory.name + ".log")
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [*unprivileged(), our_etcd(), "--data-dir", str(data_directory), *arguments, *flags],
            cwd=files, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"]})
        try:
            end = time.monotonic() + seconds
            while process.poll() is None and READY not in log_path.read_text(errors="replace"):
                assert time.monotonic() < end, f"{case.id}: {log_path.read_text()[-2000:]}"
                time.sleep(0.02)
            # A real etcd reads the files of the clients' side only now; the last lines follow.
            try:
                process.wait(0.4 if is_3_5(our_etcd()) else 0.1)
            except subprocess.TimeoutExpired:
                while not has_lines(case, log_path.read_text(errors="replace")):
                    if time.monotonic() > end or process.poll() is not None:
                        break
                    time.sleep(0.02)
            status = process.poll()
        finally:
            process.kill()
            process.wait()
    for name in (client, peer, metrics):
        (files / f"localhost:{name}").unlink(missing_ok=True)
    return Result(ports, status, log_path.read_text(errors="replace"),
                  (data_directory / "member").exists())


def has_lines(case, output):
    """Whether the log has the lines of the case; those of 3.5.1 have other texts."""
    result = Result({}, None, output, False)
    return is_3_5(our_etcd()) or all(result.has(*line) for line in case.lines)


class Starts:
    """Runs all selected cases in the background; `result(case)` waits for one."""

    def __init__(self, cases, directory, files, parallel=4):
        assert len({case.id for case in cases}) == len(cases)
        self.pool = concurrent.futures.ThreadPoolExecutor(parallel)
        self.futures = {
            case.id: self.pool.submit(run, case, pathlib.Path(directory) / case.id, files)
            for case in cases}

    def result(self, case):
        return self.futures[case.id].result()

    def close(self):
        self.pool.shutdown(cancel_futures=True)


def check(case, result):
    """Compares a start with its case."""
    old = is_3_5(our_etcd())
    for message, fields in case.lines:
        if old:
            message = message.replace("http or unix", "HTTP")
            fields = {key: value for key, value in fields.items() if key != "traffic"}
        assert result.has(message, fields), (message, fields, result.output[-3000:])
    if case.error is None:
        assert result.status is None, result.output[-3000:]
        return
    error = case.old if old and case.old else case.error
    for name, port in result.ports.items():
        error = error.replace("{%s}" % name, str(port))
    assert result.status == case.status, result.output[-3000:]
    if case.status == 2:
        assert error in result.output, result.output[:500]
    elif error.endswith("..."):
        assert result.error.startswith(error[:-3]), result.output[-2000:]
    else:
        assert result.error == error, result.output[-2000:]
    assert old or case.writes or not result.written, "a refused start writes nothing"
