internal import Bootstrap
internal import Configuration
internal import Credentials
internal import Disk
internal import EtcdAPI
internal import EtcdServer
internal import GRPC
internal import Listening
internal import MemberRuntime
internal import Membership
internal import MonotonicClock
internal import NIOCore
internal import NIOPosix
internal import PeerTransport
internal import ServerLogging
internal import SwiftProtobuf

/// The running member of an `InMemoryEtcd`: its threads, event loops and listener.
struct InMemoryMember: Sendable {
    let port: Int
    private let loops: Loops
    private let serving: ServingMember
    private let server: GRPCServer
    private let socket: ListeningSocket
    private let listener: any Channel

    private struct Loops {
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let peers = PeerLoops(separatesHandshakes: false)

        func stop() async {
            await peers.shutdown()
            // Fails only for a group that is stopped already.
            try? await clients.shutdownGracefully()
        }
    }

    /// Starts a member with the files of a disk; it serves when this returns.
    ///
    /// - Parameter port: 0 for a free one.
    init(disk: MemoryDisk, port: Int) async throws {
        socket = try ListeningSocket(.tcp(host: "127.0.0.1", port: port))
        self.port = socket.address.port ?? port
        loops = Loops()
        do {
            let configuration = try ServerConfiguration(inMemoryOnPort: self.port)
            let logger = ServerLogger(destination: LogDestination(outputs: []))
            serving = try await Self.start(configuration, disk, loops, logger)
            server = GRPCServer(
                methods: serving.services.methods,
                configuration: GRPCServerConfiguration(
                    configuration, serving.services, logger: logger),
                group: loops.clients)
        } catch {
            await loops.stop()
            throw error
        }
        do {
            try await Self.publish(serving, port: self.port)
            listener = try await Self.listen(socket, server, loops)
        } catch {
            serving.runtime.stop()
            await loops.stop()
            throw error
        }
    }

    private static func start(
        _ configuration: ServerConfiguration, _ disk: MemoryDisk, _ loops: Loops,
        _ logger: ServerLogger
    ) async throws -> ServingMember {
        let bootstrap = MemberBootstrap(
            configuration, disk: disk, logger: logger,
            startUnixMilliseconds: LogTimestamp.now() / 1000,
            peers: ClusterProbe(group: loops.clients))
        let member = try await bootstrap.run()
        let loggedIndex = member.parts.replica.lastIndex
        let context = ServingMember.Context(
            logger: logger, disk: disk, group: loops.clients, peerLoops: loops.peers,
            firstRequestID: bootstrap.requestNumber(member.localID),
            onFailure: { preconditionFailure("the in-memory etcd must not stop: \($0)") },
            makeTokens: { appliedIndex in
                SimpleTokens(
                    timeToLive: SimpleTokens.defaultTimeToLive, loggedIndex: loggedIndex,
                    appliedIndex: appliedIndex
                ) { .now() }
            })
        return try await ServingMember(member, configuration, in: context)
    }

    /// Publishes the client URL and the version of the cluster, as the first member of a cluster
    /// does. Waits for the leader.
    private static func publish(_ member: ServingMember, port: Int) async throws {
        var attributes = Membershippb_ClusterMemberAttrSetRequest()
        attributes.memberID = member.services.context.configuration.memberID.rawValue
        attributes.memberAttributes.name = ServerConfiguration.inMemoryName
        attributes.memberAttributes.clientUrls = ["http://127.0.0.1:\(port)"]
        _ = try await member.runtime.propose(
            field: InternalRaftRequest.Field.clusterMemberAttributesSet,
            payload: attributes.serializedBytes(), by: .server)
        var version = Membershippb_ClusterVersionSetRequest()
        version.ver = SemanticVersion(EtcdVersion.compatible)?.withoutPatch.description ?? ""
        _ = try await member.runtime.propose(
            field: InternalRaftRequest.Field.clusterVersionSet,
            payload: version.serializedBytes(), by: .server)
    }

    private static func listen(
        _ socket: ListeningSocket, _ server: GRPCServer, _ loops: Loops
    ) async throws -> any Channel {
        let configuration = ListenerConfiguration(
            servesPlaintext: true, tls: nil, protocols: [.http2],
            acceptLimit: AcceptLimit(connectionsMax: .max), unfinished: UnfinishedConnections()
        ) { channel, _, identity in
            try server.addHandlers(to: channel, identity: identity)
        }
        return try await Listener(configuration: configuration, group: loops.clients)
            .accept(from: socket).get()
    }

    /// Closes the listener and all connections, and ends the threads.
    func stop() async {
        socket.close()
        // Each of these fails only for what is closed already.
        try? await listener.close().get()
        try? await server.close(on: loops.clients.any()).get()
        try? await serving.transport.stop().get()
        serving.runtime.stop()
        await loops.stop()
    }
}
