internal import GRPC
internal import MonotonicClock
internal import TLS

/// Why the arguments are invalid.
struct OptionError: Error {
    let description: String
}

/// The parsed command line: the kind of load, its amount, and the members.
struct LoadOptions: Sendable {
    /// The kinds of load.
    enum Command: String, CaseIterable, Sendable {
        /// Puts of random keys.
        case put
        /// Ranges of one key, of `rangeSize` keys, or of all keys.
        case range
        /// Ranges of all keys, as streams.
        case rangeStream = "range-stream"
        /// Ranges of one key, and puts among them.
        case mix
        /// Transactions that compare keys and put keys.
        case txn
        /// Watchers of one key, and puts of it.
        case watch
        /// Writers, each with its own key and a watcher of it.
        case notify
        /// Puts of every key once, in order.
        case load
        /// Grants of leases: with IDs chosen by the server, or the leases 1 to `leases` once.
        case leaseGrant = "lease-grant"
        /// Keep-alives of random leases from 1 to `leases`, on bidirectional streams.
        case keepAlive = "keepalive"
        /// Snapshots of the whole database, read and discarded.
        case snapshot
        /// Idle connections and watchers.
        case hold
        /// Connections, opened and closed again.
        case connect
    }

    /// The client address of a member.
    struct Endpoint: Sendable {
        var host: String
        var port: Int
    }

    var command = Command.put
    /// Members over which the connections are distributed round-robin.
    var endpoints = [Endpoint(host: "127.0.0.1", port: 2379)]
    var connections = 1
    /// Concurrent calls on each connection.
    var streams = 1
    /// Event loops, each with its share of the connections.
    var loops = 1
    /// Requests to make; 0 leaves the end to `seconds`.
    var total = 0
    /// Time to begin requests for; 0 leaves the end to `total`.
    var seconds = 0.0
    var runTime: TimeSpan { .nanoseconds(Int64(seconds * 1e9)) }
    var keyCount = 100_000
    var keySizeBytes = 8
    var valueSizeBytes = 256
    /// Keys of each range.
    var rangeSize = 1
    /// Whether a range reads all keys, or an idle watcher watches them.
    var wholeKeySpace = false
    /// Percentage of puts in a mix.
    var putPercent = 20
    var serializable = false
    /// Puts and compares of each transaction, on consecutive keys.
    var puts = 1
    var compares = 1
    /// Leases with IDs from 1 on; 0 lets the server choose IDs.
    var leases = 0
    var ttlSeconds = 3_600
    /// Requests begun each second (open loop); 0 for a closed loop.
    var ratePerSecond = 0.0
    /// Whether lines of standard input begin phases, and its end ends the run.
    var hasPhases = false
    var watchers = 1_000
    /// Whether the calls are made by the client library.
    var usesLibrary = false
    /// Puts of a watched key that some watcher has not received yet.
    var outstandingPuts = 1
    var seed: UInt64 = 1
    /// Files of the TLS that the connections use.
    var security = TLSEndpointConfiguration()
    /// The TLS of the connections, made of `security`; nil for plaintext.
    var tls: TLSClient?
    /// The token of the user who makes the calls; nil for none.
    var token: String?
}

extension LoadOptions {
    /// Configuration of the connections.
    var connection: GRPCClientConfiguration {
        var configuration = GRPCClientConfiguration()
        if let token { configuration.metadata = [("token", token)] }
        return configuration
    }
}

extension LoadOptions {
    /// The member of a connection.
    func endpoint(of connection: Int) -> Endpoint {
        endpoints[connection % endpoints.count]
    }

    /// Consecutive keys in one request.
    var keySpan: Int {
        switch command {
        case .range: wholeKeySpace ? 1 : rangeSize
        case .txn: max(puts, compares)
        default: 1
        }
    }

    /// The number of possible first keys of a request, or of leases.
    var firstKeyCount: Int {
        let countsLeases = command == .leaseGrant || command == .keepAlive
        return countsLeases ? max(leases, 1) : keyCount - (keySpan - 1)
    }

    /// Whether each key is used once, in order.
    var isAscending: Bool {
        command == .load || command == .leaseGrant
    }

    /// The id of the lease with number `key`, counted from 0.
    func leaseID(of key: Int) -> Int64 {
        Int64(key) + 1
    }
}
