internal import GRPC
internal import MonotonicClock
internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import TLS

/// The current connection; dials the next endpoint when it is lost.
///
/// Endpoints are tried in order, beginning with the one after the lost one.
actor Connections {
    private struct Current {
        let connection: GRPCClientConnection
        let isLost: LossFlag
    }

    private static let keepaliveIntervalMin = Duration.seconds(10)

    private let endpoints: [Endpoint]
    private let configuration: EtcdClient.Configuration
    /// For endpoints with TLS; nil if there are none.
    private let tls: TLSClient?
    private var current: Current?
    private var opening: Task<GRPCClientConnection, any Error>?
    private var nextEndpoint = 0
    private var isClosed = false

    init(
        endpoints: [Endpoint], configuration: EtcdClient.Configuration
    ) throws(EtcdClientError) {
        self.endpoints = endpoints
        self.configuration = configuration
        tls = try Self.tls(endpoints, configuration.security)
    }

    private static func tls(
        _ endpoints: [Endpoint], _ security: EtcdClient.Security?
    ) throws(EtcdClientError) -> TLSClient? {
        let isNeeded = endpoints.contains { $0.isEncrypted ?? (security != nil) }
        guard isNeeded else { return nil }
        var files = TLSEndpointConfiguration()
        files.trustedCAFile = security?.authoritiesFile ?? ""
        files.certificateFile = security?.certificateFile ?? ""
        files.keyFile = security?.keyFile ?? ""
        files.skipsServerVerification = security?.skipsVerification ?? false
        do throws(TLSConfigurationError) {
            return try TLSClient(files, applicationProtocols: ["h2"])
        } catch {
            throw EtcdClientError(code: .invalidArgument, message: error.description)
        }
    }

    /// A connection on which calls can be made.
    func connection() async throws(EtcdClientError) -> GRPCClientConnection {
        if isClosed {
            throw EtcdClientError(code: .canceled, message: "the client connection is closing")
        }
        if let current, !current.isLost.value { return current.connection }
        do {
            return try await open()
        } catch {
            throw EtcdClientError(error)
        }
    }

    /// Ends all calls.
    func close() async {
        isClosed = true
        opening?.cancel()
        guard let current else { return }
        self.current = nil
        _ = try? await current.connection.close().get()
    }

    /// Concurrent calls share one dial.
    private func open() async throws -> GRPCClientConnection {
        if let opening { return try await opening.value }
        let task = Task { try await self.dial() }
        opening = task
        defer { opening = nil }
        return try await task.value
    }

    private func dial() async throws -> GRPCClientConnection {
        var failure = EtcdClientError(code: .unavailable, message: "no endpoint")
        for _ in endpoints.indices {
            let endpoint = endpoints[nextEndpoint % endpoints.count]
            nextEndpoint += 1
            do {
                let connection = try await dial(endpoint)
                let isLost = LossFlag()
                try await connection.eventLoop.submit {
                    isLost.value = !connection.isUsable
                    connection.onUnusable = { isLost.value = true }
                }.get()
                current = Current(connection: connection, isLost: isLost)
                return connection
            } catch {
                failure = EtcdClientError(
                    code: .unavailable, message: "connection error: desc = \"\(error)\"")
            }
        }
        throw failure
    }

    private var connectionConfiguration: GRPCClientConfiguration {
        var grpcConfiguration = GRPCClientConfiguration()
        let interval = configuration.keepaliveInterval
        if interval > .zero {
            grpcConfiguration.http2.keepalive.pingInterval =
                TimeSpan(max(interval, Self.keepaliveIntervalMin))
            grpcConfiguration.http2.keepalive.pingTimeout =
                TimeSpan(configuration.keepaliveTimeout)
        }
        return grpcConfiguration
    }

    private func dial(_ endpoint: Endpoint) async throws -> GRPCClientConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let encryption = endpoint.isEncrypted ?? (configuration.security != nil) ? tls : nil
        let future =
            switch endpoint.address {
            case .host(let host, let port):
                GRPCClientConnection.connect(
                    host: host, port: port, on: loop, configuration: connectionConfiguration,
                    tls: encryption)
            case .unixPath(let path):
                GRPCClientConnection.connect(
                    unixPath: path, on: loop, configuration: connectionConfiguration,
                    tls: encryption)
            }
        let promise = loop.makePromise(of: GRPCClientConnection.self)
        let timer = loop.scheduleTask(in: TimeAmount(configuration.dialTimeout)) {
            promise.fail(EtcdClientError(code: .deadlineExceeded, message: "i/o timeout"))
        }
        future.whenComplete { result in
            timer.cancel()
            promise.completeWith(result)
        }
        return try await promise.futureResult.get()
    }
}

/// Set once, by the connection's event loop.
private final class LossFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var value: Bool {
        get { flag.load(ordering: .acquiring) }
        set { flag.store(newValue, ordering: .releasing) }
    }
}
