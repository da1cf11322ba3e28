import EtcdAPI

/// The prefix of `--namespace`: added to the keys of requests, removed from those of responses.
struct Namespace: Sendable {
    let prefix: [UInt8]
    /// The range end of all keys with the prefix; a zero byte, for no bound, if no key follows them.
    let end: [UInt8]

    init(_ text: String) {
        self.init(Array(text.utf8))
    }

    init(_ prefix: [UInt8]) {
        self.prefix = prefix
        var end = prefix
        while let last = end.popLast() {
            guard last == 0xFF else {
                end.append(last + 1)
                break
            }
        }
        self.end = end.isEmpty ? [0] : end
    }

    var isEmpty: Bool { prefix.isEmpty }

    /// The interval of the namespace for one of a client. A zero byte up to a zero byte are all keys.
    ///
    /// - Throws: `emptyKey`.
    func added(
        to key: ArraySlice<UInt8>, _ rangeEnd: ArraySlice<UInt8>
    ) throws(EtcdError) -> KeyInterval {
        guard !isEmpty else { return KeyInterval(key, rangeEnd) }
        guard !key.isEmpty else { throw .emptyKey }
        let isOpen = rangeEnd.elementsEqual([0])
        let start = isOpen && key.elementsEqual([0]) ? prefix[...] : (prefix + key)[...]
        guard !rangeEnd.isEmpty else { return KeyInterval(start) }
        return KeyInterval(start, isOpen ? end[...] : (prefix + rangeEnd)[...])
    }

    private func add(
        to key: inout ArraySlice<UInt8>, _ rangeEnd: inout ArraySlice<UInt8>
    ) throws(EtcdError) {
        guard !isEmpty else { return }
        let interval = try added(to: key, rangeEnd)
        (key, rangeEnd) = (interval.start, interval.end)
    }

    func add(to request: inout RangeRequest) throws(EtcdError) {
        try add(to: &request.key, &request.rangeEnd)
    }

    func add(to request: inout PutRequest) throws(EtcdError) {
        guard !isEmpty else { return }
        request.key = try added(to: request.key, []).start
    }

    func add(to request: inout DeleteRangeRequest) throws(EtcdError) {
        try add(to: &request.key, &request.rangeEnd)
    }

    func add(to request: inout TxnRequest) throws(EtcdError) {
        guard !isEmpty else { return }
        for index in request.compare.indices {
            let compare = request.compare[index]
            let interval = try added(to: compare.key, compare.rangeEnd)
            request.compare[index].key = interval.start
            request.compare[index].rangeEnd = interval.end
        }
        for index in request.success.indices { try add(to: &request.success[index]) }
        for index in request.failure.indices { try add(to: &request.failure[index]) }
    }

    private func add(to operation: inout RequestOp) throws(EtcdError) {
        switch operation {
        case .none: break
        case .range(var request):
            try add(to: &request)
            operation = .range(request)
        case .put(var request):
            try add(to: &request)
            operation = .put(request)
        case .deleteRange(var request):
            try add(to: &request)
            operation = .deleteRange(request)
        case .txn(var request):
            try add(to: &request)
            operation = .txn(request)
        }
    }

    /// A response without the prefix in its keys; keys outside the namespace stay as they are, those
    /// of a lease are left out.
    func removed(from response: [UInt8], _ shape: ResponseShape) throws(WireError) -> [UInt8] {
        guard !isEmpty else { return response }
        return try ResponseKeys(prefix: prefix).removed(from: response, shape)
    }
}
