"""Python stubs for the gRPC API, generated from Proto/ on first import."""
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _generate():
    protos = sorted((ROOT / "Proto").rglob("*.proto"))
    content = b"".join(
        str(path.relative_to(ROOT)).encode() + path.read_bytes() for path in protos)
    digest = hashlib.sha256(content).hexdigest()[:16]
    target = pathlib.Path(tempfile.gettempdir()) / f"swift-etcd-stubs-{digest}"
    if not target.exists():
        from grpc_tools import protoc

        made = tempfile.mkdtemp(prefix="swift-etcd-stubs-")
        status = protoc.main(
            ["protoc", f"-I{ROOT / 'Proto'}", f"--python_out={made}",
             f"--grpc_python_out={made}", *map(str, protos)])
        if status != 0:
            raise RuntimeError("protoc could not generate the test stubs")
        try:
            os.rename(made, target)
        except OSError:  # another process was faster
            shutil.rmtree(made)
    sys.path.insert(0, str(target))


_generate()

from authpb import auth_pb2 as authpb  # noqa: E402, F401
from etcdserverpb import rpc_pb2 as rpc  # noqa: E402
from etcdserverpb import rpc_pb2_grpc as services  # noqa: E402
from health import health_pb2 as health  # noqa: E402
from health import health_pb2_grpc as health_services  # noqa: E402
from mvccpb import kv_pb2 as kv  # noqa: E402, F401
from v3electionpb import v3election_pb2 as election  # noqa: E402, F401
from v3electionpb import v3election_pb2_grpc as election_services  # noqa: E402
from v3lockpb import v3lock_pb2 as lock  # noqa: E402, F401
from v3lockpb import v3lock_pb2_grpc as lock_services  # noqa: E402


def connect(endpoint, credentials=None, **options):
    """A channel without limits on message sizes; with credentials through TLS."""
    arguments = {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        "grpc.use_local_subchannel_pool": 1,
        **options,
    }
    if credentials:
        return grpc.secure_channel(endpoint, credentials, options=list(arguments.items()))
    return grpc.insecure_channel(endpoint, options=list(arguments.items()))


def stub(channel, service):
    """The client stub of a service, by its short name (`KV`)."""
    for module in (services, election_services, lock_services, health_services):
        if hasattr(module, f"{service}Stub"):
            return getattr(module, f"{service}Stub")(channel)
    raise KeyError(service)


def method_descriptor(name):
    """The descriptor of a method, by its short name (`KV.Put`)."""
    service, method = name.split(".")
    for module in (rpc, election, lock, health):
        if service in module.DESCRIPTOR.services_by_name:
            return module.DESCRIPTOR.services_by_name[service].methods_by_name[method]
    raise KeyError(service)


def request_type(name):
    """The request class of a method, by its short name (`KV.Put`)."""
    return method_descriptor(name).input_type._concrete_class
