/// Why the arguments cannot be run.
struct OptionError: Error {
    let description: String
}

/// What to send, how much of it, and to whom: the command line, read.
struct LoadOptions: Sendable {
    /// The kinds of load.
    enum Command: String, CaseIterable, Sendable {
        /// Puts of random keys.
        case put
        /// Ranges of one key, of `rangeSize` keys, or of all there are.
        case range
        /// Transactions that compare keys and put keys.
        case txn
        /// Watchers of one key, and puts of it.
        case watch
        /// Writers that each have a key and a watcher of it.
        case notify
        /// Puts of every key once, in order.
        case load
        /// Grants of leases: with ids of the server's choice, or the leases 1 to `leases` once.
        case leaseGrant = "lease-grant"
        /// Random ones of the leases 1 to `leases`, kept alive on bidirectional streams.
        case keepAlive = "keepalive"
        /// Snapshots of the whole database, read and thrown away.
        case snapshot
        /// Connections and watchers that are only there.
        case hold
    }

    /// Where a member listens.
    struct Endpoint: Sendable {
        var host: String
        var port: Int
    }

    var command = Command.put
    /// Members that the connections are spread over, one after the other.
    var endpoints = [Endpoint(host: "127.0.0.1", port: 2379)]
    var connections = 1
    /// Calls that each connection has open at a time.
    var streams = 1
    /// Event loops, each with its part of the connections.
    var loops = 1
    /// Requests to make; 0 leaves the end to `seconds`.
    var total = 0
    /// Time to begin requests for; 0 leaves the end to `total`.
    var seconds = 0.0
    var keyCount = 100_000
    var keySizeBytes = 8
    var valueSizeBytes = 256
    /// Keys of each range.
    var rangeSize = 1
    /// Whether a range asks for every key there is.
    var wholeKeySpace = false
    var serializable = false
    /// Puts and compares of each transaction, on keys that follow each other.
    var puts = 1
    var compares = 1
    /// Leases with ids from 1 on; 0 leaves the ids to the server.
    var leases = 0
    var ttlSeconds = 3_600
    /// Requests begun each second whether earlier ones are answered or not; 0 sends when answered.
    var ratePerSecond = 0.0
    /// Whether lines of standard input begin phases, and its end ends the run.
    var hasPhases = false
    var watchers = 1_000
    /// Puts of a watched key that some watcher has not heard of yet.
    var outstandingPuts = 1
    var seed: UInt64 = 1
}

extension LoadOptions {
    /// The member that a connection goes to.
    func endpoint(of connection: Int) -> Endpoint {
        endpoints[connection % endpoints.count]
    }

    /// Keys that follow each other in one request.
    var keySpan: Int {
        switch command {
        case .range: wholeKeySpace ? 1 : rangeSize
        case .txn: max(puts, compares)
        default: 1
        }
    }

    /// First keys that a request can have; for leases, leases.
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
