import EtcdAPI

/// A pair as a response has it.
enum ResponsePair {
    /// The encoded KeyValue as it is stored.
    case stored(UnsafeRawBufferPointer)
    /// One that differs from the stored one.
    case converted(KeyValueView)

    /// Bytes that the pair takes in a RangeResponse.
    var sizeBytes: Int {
        let count =
            switch self {
            case .stored(let encoded): encoded.count
            case .converted(let view): view.encodedSize
            }
        return KeyValueFraming.rangePairs.sizeBytes(encodedCount: count)
    }

    /// Appends the pair to a response and returns the bytes it took.
    func append(to response: inout RangeResponse) -> Int {
        let before = response.keyValues.count
        switch self {
        case .stored(let encoded): response.append(keyValue: encoded)
        case .converted(let view): response.append(view)
        }
        return response.keyValues.count - before
    }

    /// Appends the pair to a writer and returns the bytes it took.
    func append(to writer: inout WireWriter) -> Int {
        let before = writer.count
        switch self {
        case .stored(let encoded): KeyValueFraming.rangePairs.append(encoded, to: &writer)
        case .converted(let view):
            writer.appendLength(view.encodedSize, field: 2)
            view.encode(into: &writer)
        }
        return writer.count - before
    }
}

/// From a record to the pair in the response.
extension RangePlan {
    /// The pair of a record.
    func pair(
        _ found: FoundRecord, in records: inout RetainedRecords
    ) throws(StoreError) -> ResponsePair {
        guard request.keysOnly else { return .stored(try records.value(of: found)) }
        var view = try records.view(of: found)
        if isIndexOnly { return .converted(pair(view.key, found.record)) }
        view.value = UnsafeRawBufferPointer(start: nil, count: 0)
        return .converted(view)
    }

    /// The pair of an entry of the index, for a plan that is `isIndexOnly`.
    func pair(_ key: UnsafeRawBufferPointer, _ record: KeyRecord) -> KeyValueView {
        KeyValueView(
            key: key, createRevision: record.created.main.rawValue,
            modRevision: record.modified.main.rawValue, version: record.version,
            value: UnsafeRawBufferPointer(start: nil, count: 0), lease: 0)
    }
}
