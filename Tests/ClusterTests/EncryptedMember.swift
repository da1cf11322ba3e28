import Bootstrap
import Configuration
import Credentials
import Disk
import EtcdAPI
import FoundationEssentials
import Listening
import MemberRuntime
import NIOCore
import NIOPosix
import PeerTransport
import Prometheus
import ServerLogging
import StateMachine
import TLS
import TestSupport

@testable import EtcdServer

/// One of several members in this process, whose peer URLs are https.
final class EncryptedMember {
    let serving: ServingMember
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let loops = PeerLoops(separatesHandshakes: true)
    private let socket: ListeningSocket

    var runtime: MemberRuntime { serving.runtime }

    /// Bootstraps it, or restarts it from its data directory.
    ///
    /// - Parameter name: one of the names in `ports`; the others are its peers.
    init(
        _ name: String, ports: [String: Int], directory: String, endpoint: TLSEndpointConfiguration
    ) async throws {
        let port = ports[name] ?? 0
        let list = ports.sorted { $0.key < $1.key }
            .map { "\($0.key)=https://127.0.0.1:\($0.value)" }
        var configuration = ServerConfiguration()
        configuration.name = name
        configuration.dataDirectory = "\(directory)/\(name)"
        configuration.initialCluster = list.joined(separator: ",")
        configuration.initialAdvertisePeerURLs = try EndpointURLList(
            flagText: "https://127.0.0.1:\(port)")
        configuration.snapshotCount = 50
        configuration.snapshotCatchUpEntries = 10
        let logger = ServerLogger(destination: LogDestination(outputs: []))
        let client = try TLSClient(endpoint, applicationProtocols: [])
        let bootstrap = MemberBootstrap(
            configuration, disk: RealDisk(), logger: logger,
            startUnixMilliseconds: unixMilliseconds(),
            peers: ClusterProbe(group: group, dialing: PeerDialing(tls: client)))
        let member = try await bootstrap.run()
        var context = ServingMember.Context(
            logger: logger, registry: MetricRegistry(), disk: RealDisk(), group: group,
            peerLoops: loops,
            dialing: PeerDialing(tls: client),
            firstRequestID: bootstrap.requestNumber(member.localID),
            makeTokens: { _ in NoTokens() })
        serving = try await ServingMember(member, configuration, in: context)
        socket = try ListeningSocket(.tcp(host: "127.0.0.1", port: port))
        try await listen(endpoint, logger)
    }

    private func listen(_ endpoint: TLSEndpointConfiguration, _ logger: ServerLogger) async throws {
        let (transport, loops, socket) = (serving.transport, loops, socket)
        let endpoints = PeerEndpoints(services: serving.services, logger: logger)
        var configuration = ListenerConfiguration(
            servesPlaintext: false, tls: try TLSServer(endpoint, applicationProtocols: []),
            protocols: [.http1], acceptLimit: AcceptLimit(connectionsMax: 1000),
            unfinished: UnfinishedConnections()
        ) { channel, _, identity in
            try transport.configure(channel: channel, identity: identity) {
                endpoints.respond(to: $0, on: $1)
            }
        }
        configuration.onAccept = { loops.accepted($0) }
        let accepting = configuration
        try await loops.listen { loop in
            Listener(configuration: accepting, group: loop)
                .accept(from: socket)
        }
    }

    /// Proposes a put; waits until it is applied.
    func put(_ key: String, _ value: String) async throws {
        var request = Etcdserverpb_PutRequest()
        request.key = Data(key.utf8)
        request.value = Data(value.utf8)
        _ = try await runtime.propose(
            field: InternalRaftRequest.Field.put, payload: request.serializedBytes(), by: .server)
    }

    func stop() async throws {
        await loops.stopListening()
        socket.close()
        try await serving.transport.stop().get()
        runtime.stop()
        await loops.shutdown()
        try await group.shutdownGracefully()
    }
}
