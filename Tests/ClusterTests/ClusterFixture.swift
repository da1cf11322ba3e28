@testable import ServerLogging
@testable import Prometheus
@testable import Configuration
@testable import Bootstrap
import Credentials
import GRPCServices
import Disk
import EtcdAPI
import HTTPServices
import Identifiers
import Membership
import NIOCore
import NIOHTTP1
import NIOPosix
import PeerTransport
import MemberRuntime
import Stages
import StateMachine
import Synchronization
import TestSupport
import Testing

@testable import EtcdServer

/// A single member with its peer listener, on the real disk and real sockets.
final class ClusterFixture {
    private let temporaryDirectory: TemporaryDirectory
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let peerLoops = PeerLoops(separatesHandshakes: false)
    let serving: ServingMember
    /// The findings of the checks of received databases.
    let findings = Findings()
    let localID: MemberID
    let clusterID: ClusterID
    private let channel: any Channel

    var directory: String { temporaryDirectory.path }
    var runtime: MemberRuntime { serving.runtime }
    var services: ServiceTable { serving.services }
    var calls: PeerCalls { serving.peerCalls }
    var transport: PeerTransport { serving.transport }
    var messageReceiver: PeerMessageReceiver { serving.messageReceiver }

    init(
        makeTokens: @escaping (@escaping @Sendable () -> LogIndex) -> any TokenProvider = { _ in
            NoTokens()
        }
    ) async throws {
        temporaryDirectory = try TemporaryDirectory()
        var configuration = ServerConfiguration()
        configuration.name = "one"
        configuration.dataDirectory = temporaryDirectory.path + "/data"
        configuration.initialCluster = "one=http://127.0.0.1:42180"
        configuration.initialAdvertisePeerURLs = try EndpointURLList(
            flagText: "http://127.0.0.1:42180")
        let logger = ServerLogger(destination: LogDestination(outputs: []))
        let bootstrap = MemberBootstrap(
            configuration, disk: RealDisk(), logger: logger,
            startUnixMilliseconds: unixMilliseconds(), peers: ClusterProbe(group: group))
        let member = try await bootstrap.run()
        localID = member.localID
        clusterID = member.clusterID
        var context = ServingMember.Context(
            logger: logger, registry: MetricRegistry(), disk: RealDisk(), group: group,
            peerLoops: peerLoops, firstRequestID: bootstrap.requestNumber(localID),
            makeTokens: makeTokens)
        context.onReceivedDatabase = { [findings] finding in
            findings.withLock { $0.append(finding.text) }
        }
        serving = try await ServingMember(member, configuration, in: context)
        let (transport, services) = (serving.transport, serving.services)
        let endpoints = PeerEndpoints(services: services, logger: logger)
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try transport.configure(channel: channel, identity: .plaintext) {
                        endpoints.respond(to: $0, on: $1)
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Waits until the member leads, and publishes its attributes.
    func start() async throws {
        while !runtime.replicaStatus.isLeader { try await Task.sleep(for: .milliseconds(5)) }
        var request = Membershippb_ClusterMemberAttrSetRequest()
        request.memberID = localID.rawValue
        request.memberAttributes.name = "one"
        request.memberAttributes.clientUrls = ["http://127.0.0.1:1"]
        _ = try await runtime.propose(
            field: InternalRaftRequest.Field.clusterMemberAttributesSet,
            payload: request.serializedBytes(), by: .server)
    }

    func stop() async throws {
        try? await channel.close().get()
        try? await transport.stop().get()
        runtime.stop()
        await peerLoops.shutdown()
        try await group.shutdownGracefully()
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    /// This member as others know it, at its actual address.
    func asLeader() -> Member { Member(id: localID, peerURLs: [url], name: "one") }

    func request(
        _ method: String, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) async throws -> PeerResponse {
        try await calls.send(method, url, path, headers: headers, body: body)
    }

    /// Proposes a request.
    func propose(_ field: UInt32, _ payload: [UInt8]) async throws -> ApplyResponse {
        try await runtime.propose(field: field, payload: payload, by: .server)
    }
}

/// A thread-safe list.
final class Findings: Sendable {
    private let list = Mutex<[String]>([])

    func withLock<Result>(_ body: (inout [String]) -> Result) -> Result {
        list.withLock { body(&$0) }
    }
}

extension ReceivedDatabase.Finding {
    var text: String {
        switch self {
        case .replacedIndex(let replaced, _): "replaced index \(replaced.appliedIndex)"
        case .refused(.brokenPage(let violation), _): "refused: \(violation)"
        case .refused(let refusal, _): "refused: \(refusal)"
        }
    }
}

extension PeerResponse {
    var content: String { String(decoding: body, as: UTF8.self) }
}
