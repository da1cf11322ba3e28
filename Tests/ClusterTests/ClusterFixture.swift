import ClientAPI
import Disk
import EtcdAPI
import Gateway
import Glibc
import Membership
import NIOCore
import NIOHTTP1
import NIOPosix
import PeerTransport
import ReplicaRuntime
import Stages
import StateMachine
import Synchronization
import Testing

@testable import EtcdServer

/// A single member with its peer listener, on the real disk and real sockets.
final class ClusterFixture {
    let directory: String
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let serving: ServingMember
    /// What the checks of received databases have found.
    let findings = Findings()
    let localID: Membership.MemberID
    let clusterID: ClusterID
    private let channel: any Channel

    var runtime: ReplicaRuntime { serving.runtime }
    var services: ClientAPI { serving.services }
    var calls: PeerCalls { serving.peerCalls }
    var transport: PeerTransport { serving.transport }
    var links: MemberLinks { serving.links }

    init() async throws {
        var template = Array("/tmp/swift-etcd-cluster-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        var configuration = ServerConfiguration()
        configuration.name = "one"
        configuration.dataDirectory = directory + "/data"
        configuration.initialCluster = "one=http://127.0.0.1:42180"
        configuration.initialAdvertisePeerURLs = try EndpointURLList(
            flagText: "http://127.0.0.1:42180")
        let logger = ServerLogger(sink: LogSink(outputs: []))
        let bootstrap = MemberBootstrap(
            configuration, disk: RealDisk(), logger: logger,
            startUnixMilliseconds: unixMilliseconds(), peers: PeerEnquiry(group: group))
        let member = try await bootstrap.run()
        localID = member.localID
        clusterID = member.clusterID
        var place = ServingMember.Surroundings(
            logger: logger, registry: MetricRegistry(), group: group, peerGroup: group,
            firstRequestID: bootstrap.requestNumber(localID))
        place.onReceivedDatabase = { [findings] finding in
            findings.withLock { $0.append(finding.text) }
        }
        serving = try await ServingMember(member, configuration, in: place)
        let (transport, services) = (serving.transport, serving.services)
        let endpoints = PeerEndpoints(services: services, logger: logger)
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try transport.configure(channel: channel, isEncrypted: false) {
                        endpoints.respond(to: $0, on: $1)
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Waits until the member leads and has published its name, as a started one does.
    func start() async throws {
        while !runtime.status.isLeader { try await Task.sleep(for: .milliseconds(5)) }
        var request = Membershippb_ClusterMemberAttrSetRequest()
        request.memberID = localID.rawValue
        request.memberAttributes.name = "one"
        request.memberAttributes.clientUrls = ["http://127.0.0.1:1"]
        _ = try await runtime.propose(
            field: InternalRaftRequest.Field.clusterMemberAttributesSet,
            payload: request.serializedBytes())
    }

    func stop() async throws {
        try? await channel.close().get()
        try? await transport.stop().get()
        runtime.stop()
        try await group.shutdownGracefully()
        removeAll(directory)
    }

    private func removeAll(_ path: String) {
        let disk = RealDisk()
        for name in (try? disk.list(path)) ?? [] { removeAll(path + "/" + name) }
        if rmdir(path) != 0 { unlink(path) }
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    /// This member as others know it, at the address where it really listens.
    func asLeader() -> Member { Member(id: localID, peerURLs: [url], name: "one") }

    func ask(
        _ method: String, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []
    ) async throws -> PeerResponse {
        try await calls.send(method, url, path, headers: headers, body: body)
    }

    /// Puts a request into the log.
    func propose(_ field: UInt32, _ payload: [UInt8]) async throws -> ApplyOutcome {
        try await runtime.propose(field: field, payload: payload)
    }
}

/// A list that any thread may add to.
final class Findings: Sendable {
    private let list = Mutex<[String]>([])

    func withLock<Result>(_ body: (inout [String]) -> Result) -> Result {
        list.withLock { body(&$0) }
    }
}

extension ReceivedDatabase.Finding {
    var text: String {
        switch self {
        case .oldMark(let mark, _): "old mark \(mark.appliedIndex)"
        case .refused(.brokenPage(let violation), _): "refused: \(violation)"
        case .refused(.authEnabled, _): "refused: authentication"
        case .refused(let refusal, _): "refused: \(refusal)"
        }
    }
}

extension PeerResponse {
    var content: String { String(decoding: body, as: UTF8.self) }
}
