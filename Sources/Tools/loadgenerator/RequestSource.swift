internal import EtcdAPI

/// The gRPC path and the requests of a kind of load.
struct RequestSource: Sendable {
    let path: String
    private let make: @Sendable (Int) -> [UInt8]

    /// The request whose first key or lease has the number `key`.
    func request(key: Int) -> [UInt8] {
        make(key)
    }

    /// The sources of the requests of a slot, in order and again from the first.
    static func sequence(_ options: LoadOptions) -> [RequestSource] {
        guard options.command == .mix else { return [RequestSource(options)] }
        var (range, put) = (options, options)
        (range.command, put.command) = (.range, .put)
        let (ranges, puts) = (RequestSource(range), RequestSource(put))
        // Evenly distributed: the share of puts so far reaches the next percent.
        return (0..<100).map { number in
            number * options.putPercent % 100 < options.putPercent ? puts : ranges
        }
    }

    init(_ options: LoadOptions) {
        switch options.command {
        case .put, .load, .watch, .notify, .hold, .connect, .mix:
            self.init("KV/Put", RequestTemplate.put(options))
        case .range:
            self.init("KV/Range", RequestTemplate.range(options), rangeSize: options.rangeSize)
        case .rangeStream:
            var whole = options
            whole.wholeKeySpace = true
            self.init("KV/RangeStream", RequestTemplate.range(whole))
        case .txn:
            self.init("KV/Txn", RequestTemplate.transaction(options))
        case .leaseGrant:
            self.init("Lease/LeaseGrant") { key in
                LeaseGrantRequest(
                    ttlSeconds: Int64(options.ttlSeconds),
                    id: options.leases > 0 ? options.leaseID(of: key) : 0
                ).encoded()
            }
        case .keepAlive:
            self.init("Lease/LeaseKeepAlive") { key in
                LeaseKeepAliveRequest(id: options.leaseID(of: key)).encoded()
            }
        case .snapshot:
            // The message has no fields.
            self.init("Maintenance/Snapshot") { _ in [] }
        }
    }

    private init(_ method: String, _ template: RequestTemplate, rangeSize: Int = 0) {
        self.init(method) { key in template.request(key: key, end: key + rangeSize) }
    }

    private init(_ method: String, _ make: @escaping @Sendable (Int) -> [UInt8]) {
        path = "/etcdserverpb.\(method)"
        self.make = make
    }
}
