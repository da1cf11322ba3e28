internal import EtcdAPI

extension RequestTemplate {
    /// A put; with `withTime` its value begins with a timestamp.
    static func put(_ options: LoadOptions, withTime: Bool = false) -> RequestTemplate {
        let time = ArraySlice(repeating: timeMark, count: withTime ? timeSizeBytes : 0)
        let put = PutRequest(
            key: keyPlaceholder(options), value: time + value(options).dropFirst(time.count))
        return RequestTemplate(bytes: put.encoded(), keySizeBytes: options.keySizeBytes)
    }

    /// A range of one key, of `rangeSize` keys or of every key.
    static func range(_ options: LoadOptions) -> RequestTemplate {
        let end = ArraySlice(repeating: endMark, count: options.keySizeBytes)
        let range =
            options.wholeKeySpace
            ? RangeRequest(key: [0], rangeEnd: [0], serializable: options.serializable)
            : RangeRequest(
                key: keyPlaceholder(options), rangeEnd: options.rangeSize > 1 ? end : [],
                serializable: options.serializable)
        return RequestTemplate(bytes: range.encoded(), keySizeBytes: options.keySizeBytes)
    }

    /// A transaction that compares its keys and puts them in either case.
    ///
    /// Its keys are consecutive: etcd refuses a transaction that puts a key twice.
    static func transaction(_ options: LoadOptions) -> RequestTemplate {
        let exists = Compare(
            result: .greater, target: .version, key: keyPlaceholder(options), operand: .version(0))
        let put = RequestOp.put(PutRequest(key: keyPlaceholder(options), value: value(options)))
        let puts = [RequestOp](repeating: put, count: options.puts)
        let request = TxnRequest(
            compare: [Compare](repeating: exists, count: options.compares), success: puts,
            failure: puts)
        return RequestTemplate(
            bytes: request.encoded(), keySizeBytes: options.keySizeBytes,
            keyDistances: Array(0..<options.compares) + Array(0..<options.puts)
                + Array(0..<options.puts))
    }

    /// A create request for a watcher of one key, or of all keys; `watchID` 0 lets the server choose
    /// the ID.
    static func watch(_ options: LoadOptions, watchID: Int64 = 0) -> RequestTemplate {
        let create =
            options.wholeKeySpace
            ? WatchCreateRequest(key: [0], rangeEnd: [0], watchID: watchID)
            : WatchCreateRequest(key: keyPlaceholder(options), watchID: watchID)
        return RequestTemplate(
            bytes: WatchRequest.create(create).encoded(), keySizeBytes: options.keySizeBytes)
    }

    private static func keyPlaceholder(_ options: LoadOptions) -> ArraySlice<UInt8> {
        ArraySlice(repeating: keyMark, count: options.keySizeBytes)
    }

    private static func value(_ options: LoadOptions) -> ArraySlice<UInt8> {
        ArraySlice(repeating: UInt8(ascii: "v"), count: options.valueSizeBytes)
    }
}
