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
        /// Ranges of one key, or of `rangeSize` keys.
        case range
        /// Transactions that compare a key and put it.
        case txn
        /// Watchers of one key, and puts of it.
        case watch
        /// Puts of every key once, in order.
        case load
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
    var serializable = false
    /// Requests begun each second whether earlier ones are answered or not; 0 sends when answered.
    var ratePerSecond = 0.0
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

    static let usage = """
        usage: loadgenerator put|range|txn|watch|load [options]
          --endpoint HOST:PORT,... members to load (127.0.0.1:2379)
          --connections N          connections (1)
          --streams N              calls open at a time on each connection (1)
          --loops N                event loops (1)
          --total N                requests; for watch, puts; load takes --keys
          --seconds S              time, where --total is not given
          --keys N                 distinct keys (100000)
          --key-size N             bytes of a key (8)
          --value-size N           bytes of a value (256)
          --range-size N           keys of each range (1)
          --serializable           ranges that ask one member only
          --rate N                 requests begun each second, answered or not (as answered)
          --watchers N             watchers of one key, spread over all streams (1000)
          --outstanding N          puts that not all watchers have heard of (1)
          --seed N                 of the random keys (1)
        """

    init(arguments: [String]) throws(OptionError) {
        guard let name = arguments.first, let command = Command(rawValue: name) else {
            throw OptionError(description: "one of put, range, txn, watch, load comes first")
        }
        self.command = command
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            if option == "--serializable" {
                serializable = true
                continue
            }
            guard let value = rest.popFirst() else {
                throw OptionError(description: "\(option) needs a value")
            }
            try set(option, to: value)
        }
        try check()
    }

    private mutating func set(_ option: String, to value: String) throws(OptionError) {
        switch option {
        case "--endpoint":
            endpoints = try value.split(separator: ",").map { text throws(OptionError) in
                try Self.endpoint(text)
            }
        case "--connections": connections = try Self.number(value, option, from: 1)
        case "--streams": streams = try Self.number(value, option, from: 1)
        case "--loops": loops = try Self.number(value, option, from: 1)
        case "--total": total = try Self.number(value, option, from: 1)
        case "--seconds": seconds = try Self.decimal(value, option)
        case "--keys": keyCount = try Self.number(value, option, from: 1)
        case "--key-size": keySizeBytes = try Self.number(value, option, from: 4)
        case "--value-size": valueSizeBytes = try Self.number(value, option, from: 0)
        case "--range-size": rangeSize = try Self.number(value, option, from: 1)
        case "--rate": ratePerSecond = try Self.decimal(value, option)
        case "--watchers": watchers = try Self.number(value, option, from: 1)
        case "--outstanding": outstandingPuts = try Self.number(value, option, from: 1)
        case "--seed": seed = UInt64(try Self.number(value, option, from: 0))
        default: throw OptionError(description: "\(option) is not known")
        }
    }

    private static func endpoint(_ text: Substring) throws(OptionError) -> Endpoint {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
        else { throw OptionError(description: "--endpoint is HOST:PORT, not \(text)") }
        return Endpoint(host: String(text[..<colon]), port: port)
    }

    private mutating func check() throws(OptionError) {
        var keysInWidth = 1
        for _ in 0..<min(keySizeBytes, 18) { keysInWidth *= 10 }
        guard keyCount < keysInWidth else {
            throw OptionError(description: "--key-size is too small for --keys")
        }
        guard rangeSize <= keyCount else {
            throw OptionError(description: "--range-size is larger than --keys")
        }
        guard !endpoints.isEmpty else { throw OptionError(description: "--endpoint is empty") }
        if command == .load { total = keyCount }
        if command == .watch, valueSizeBytes < 8 {
            throw OptionError(description: "--value-size is 8 or more, for the time of sending")
        }
        if total == 0, seconds == 0 { seconds = 5 }
        loops = command == .watch ? 1 : min(loops, connections)
    }

    private static func number(
        _ text: String, _ option: String, from least: Int
    ) throws(OptionError) -> Int {
        guard let value = Int(text), value >= least else {
            throw OptionError(description: "\(option) is a number from \(least), not \(text)")
        }
        return value
    }

    private static func decimal(_ text: String, _ option: String) throws(OptionError) -> Double {
        guard let value = Double(text), value > 0, value.isFinite else {
            throw OptionError(description: "\(option) is a number above 0, not \(text)")
        }
        return value
    }
}
