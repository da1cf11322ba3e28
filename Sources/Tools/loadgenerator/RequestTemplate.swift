internal import EtcdAPI

/// One encoded request whose keys are filled in for each call.
///
/// All keys have the same size, so only their bytes differ between the requests of a run: a
/// request is a copy of the template with the digits of its keys written over the places.
struct RequestTemplate: Sendable {
    let path: String
    private let bytes: [UInt8]
    private let keyOffsets: [Int]
    private let endOffsets: [Int]
    private let timeOffsets: [Int]
    private let keySizeBytes: Int

    // Bytes that stand in the template where keys and times come; no request has runs of them.
    private static let keyMark: UInt8 = 0xF1
    private static let endMark: UInt8 = 0xF2
    private static let timeMark: UInt8 = 0xF3
    private static let timeSizeBytes = 8

    private init(path: String, bytes: [UInt8], keySizeBytes: Int) {
        self.path = path
        self.bytes = bytes
        self.keySizeBytes = keySizeBytes
        keyOffsets = Self.runs(of: Self.keyMark, count: keySizeBytes, in: bytes)
        endOffsets = Self.runs(of: Self.endMark, count: keySizeBytes, in: bytes)
        timeOffsets = Self.runs(of: Self.timeMark, count: Self.timeSizeBytes, in: bytes)
    }

    /// The request with its key, the key `rangeSize` behind it, and a time in the value.
    func request(key: Int, end: Int = 0, nanoseconds: UInt64 = 0) -> [UInt8] {
        var request = bytes
        request.withUnsafeMutableBytes { memory in
            for offset in keyOffsets { write(key, at: offset, to: memory) }
            for offset in endOffsets { write(end, at: offset, to: memory) }
            for offset in timeOffsets {
                memory.storeBytes(of: nanoseconds, toByteOffset: offset, as: UInt64.self)
            }
        }
        return request
    }

    private func write(_ key: Int, at offset: Int, to memory: UnsafeMutableRawBufferPointer) {
        var rest = key
        for position in stride(from: offset + keySizeBytes - 1, through: offset, by: -1) {
            memory[position] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    private static func runs(of mark: UInt8, count: Int, in bytes: [UInt8]) -> [Int] {
        var starts: [Int] = []
        var position = 0
        while position + count <= bytes.count {
            if bytes[position..<position + count].allSatisfy({ $0 == mark }) {
                starts.append(position)
                position += count
            } else {
                position += 1
            }
        }
        return starts
    }
}

extension RequestTemplate {
    /// The template of what `options` ask for.
    init(_ options: LoadOptions) {
        let key = ArraySlice(repeating: Self.keyMark, count: options.keySizeBytes)
        let value = ArraySlice(repeating: UInt8(ascii: "v"), count: options.valueSizeBytes)
        let put = PutRequest(key: key, value: value)
        let path: String
        let bytes: [UInt8]
        switch options.command {
        case .put, .load:
            path = "/etcdserverpb.KV/Put"
            bytes = put.encoded()
        case .watch:
            path = "/etcdserverpb.KV/Put"
            let time = ArraySlice(repeating: Self.timeMark, count: Self.timeSizeBytes)
            bytes = PutRequest(key: key, value: time + value.dropFirst(time.count)).encoded()
        case .range:
            path = "/etcdserverpb.KV/Range"
            let end = ArraySlice(repeating: Self.endMark, count: options.keySizeBytes)
            bytes =
                RangeRequest(
                    key: key, rangeEnd: options.rangeSize > 1 ? end : [],
                    serializable: options.serializable
                ).encoded()
        case .txn:
            path = "/etcdserverpb.KV/Txn"
            let exists = Compare(
                result: .greater, target: .version, key: key, operand: .version(0))
            bytes =
                TxnRequest(
                    compare: [exists], success: [.put(put)],
                    failure: [.put(PutRequest(key: key, value: value))]
                ).encoded()
        }
        self.init(path: path, bytes: bytes, keySizeBytes: options.keySizeBytes)
    }

    /// The request that watches the key with number `key`.
    static func watch(key: Int, options: LoadOptions) -> [UInt8] {
        let mark = ArraySlice(repeating: keyMark, count: options.keySizeBytes)
        let create = WatchRequest.create(WatchCreateRequest(key: mark))
        return RequestTemplate(
            path: "", bytes: create.encoded(), keySizeBytes: options.keySizeBytes
        ).request(key: key)
    }
}
