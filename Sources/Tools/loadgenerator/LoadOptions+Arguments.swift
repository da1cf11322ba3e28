internal import TLS

extension LoadOptions {
    static let usage = """
        usage: loadgenerator \(commandNames("|")) [options]
          --endpoint HOST:PORT,... members to load (127.0.0.1:2379)
          --cacert FILE            authorities of the members; with it connections use TLS
          --cert FILE, --key FILE  certificate that this client shows
          --token T                token of the user who makes the calls
          --connections N          connections (1)
          --streams N              calls open at a time on each connection (1)
          --loops N                event loops (1)
          --total N                requests; for watch, puts; load takes --keys, snapshot 1
          --seconds S              time, where --total is not given
          --rate N                 open loop: requests begun each second (closed loop);
                                   for watch, events
          --library                put and notify: by the client library, EtcdClient
          --phases                 until standard input ends; each of its lines begins a phase
                                   with its own results; prints `ready` before the first
          --keys N                 distinct keys (100000)
          --key-size N             bytes of a key (8)
          --value-size N           bytes of a value (256)
          --range-size N           keys of each range (1)
          --whole                  ranges of all keys; for hold, watchers of all keys
          --put-percent N          puts in a mix (20); the other requests are ranges of one key
          --serializable           serializable ranges
          --puts N, --compares N   of each txn, on consecutive keys (1, 1)
          --leases N               keepalive: of the leases 1 to N, granted before;
                                   lease-grant: these once, in order (as many as go, any id)
          --ttl N                  seconds of a lease (3600)
          --watchers N             watchers of one key, spread over all streams (1000);
                                   for hold, of a key each
          --outstanding N          puts that not all watchers have received (1)
          --seed N                 seed of the random keys (1)
        connect opens connections and closes them, --connections at a time.
        hold opens connections and watchers, prints `ready`, and stays until standard input ends.
        """

    init(arguments: [String]) throws(OptionError) {
        guard let name = arguments.first, let command = Command(rawValue: name) else {
            throw OptionError(description: "one of \(Self.commandNames(", ")) comes first")
        }
        self.command = command
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            if setFlag(option) { continue }
            guard let value = rest.popFirst() else {
                throw OptionError(description: "\(option) needs a value")
            }
            try set(option, to: value)
        }
        try check()
        complete()
        try loadCertificates()
    }

    private mutating func loadCertificates() throws(OptionError) {
        guard !security.trustedCAFile.isEmpty else { return }
        do throws(TLSConfigurationError) {
            tls = try TLSClient(security, applicationProtocols: ["h2"])
        } catch {
            throw OptionError(description: error.description)
        }
    }

    private static func commandNames(_ separator: String) -> String {
        Command.allCases.map(\.rawValue).joined(separator: separator)
    }

    private mutating func setFlag(_ option: String) -> Bool {
        switch option {
        case "--serializable": serializable = true
        case "--whole": wholeKeySpace = true
        case "--phases": hasPhases = true
        case "--library": usesLibrary = true
        default: return false
        }
        return true
    }

    private mutating func set(_ option: String, to value: String) throws(OptionError) {
        switch option {
        case "--endpoint":
            endpoints = try value.split(separator: ",").map { text throws(OptionError) in
                try Self.endpoint(text)
            }
        case "--cacert": security.trustedCAFile = value
        case "--cert": security.certificateFile = value
        case "--key": security.keyFile = value
        case "--token": token = value
        case "--connections": connections = try Self.number(value, option, from: 1)
        case "--streams": streams = try Self.number(value, option, from: 1)
        case "--loops": loops = try Self.number(value, option, from: 1)
        case "--total": total = try Self.number(value, option, from: 1)
        case "--seconds": seconds = try Self.decimal(value, option)
        case "--rate": ratePerSecond = try Self.decimal(value, option)
        case "--seed": seed = UInt64(try Self.number(value, option, from: 0))
        default: try setRequestOption(option, to: value)
        }
    }

    /// Sets an option of the requests.
    private mutating func setRequestOption(_ option: String, to value: String) throws(OptionError) {
        switch option {
        case "--keys": keyCount = try Self.number(value, option, from: 1)
        case "--key-size": keySizeBytes = try Self.number(value, option, from: 4)
        case "--value-size": valueSizeBytes = try Self.number(value, option, from: 0)
        case "--range-size": rangeSize = try Self.number(value, option, from: 1)
        case "--put-percent": putPercent = try Self.number(value, option, from: 0)
        case "--puts": puts = try Self.number(value, option, from: 1)
        case "--compares": compares = try Self.number(value, option, from: 1)
        case "--leases": leases = try Self.number(value, option, from: 1)
        case "--ttl": ttlSeconds = try Self.number(value, option, from: 1)
        case "--watchers": watchers = try Self.number(value, option, from: 1)
        case "--outstanding": outstandingPuts = try Self.number(value, option, from: 1)
        default: throw OptionError(description: "\(option) is not known")
        }
    }

    private static func endpoint(_ text: Substring) throws(OptionError) -> Endpoint {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
        else { throw OptionError(description: "--endpoint is HOST:PORT, not \(text)") }
        return Endpoint(host: String(text[..<colon]), port: port)
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
