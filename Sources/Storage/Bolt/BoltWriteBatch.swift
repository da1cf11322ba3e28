/// Changes that are collected and later applied to a write transaction in order.
///
/// Keys and values are stored in one buffer, so a batch of thousands of changes takes a few
/// allocations.
package struct BoltWriteBatch: Sendable {
    private enum Kind: UInt8 {
        case put, delete, createBucket, deleteBucket
    }

    private struct Change {
        let kind: Kind
        let bucket: Int
        let keyStart: Int
        let keyBytes: Int
        let valueBytes: Int
    }

    /// Names of the changed buckets; few, so a name is searched from the end.
    private var buckets: [[UInt8]] = []
    private var fillPercents: [Double] = []
    private var changes: ContiguousArray<Change> = []
    private var bytes: ContiguousArray<UInt8> = []

    package init() {}

    /// Number of changes.
    package var count: Int { changes.count }

    package var isEmpty: Bool { changes.isEmpty }

    /// Bytes of keys and values held.
    package var byteCount: Int { bytes.count }

    /// Stores a value in a bucket, which is created if it is missing then.
    package mutating func put(
        bucket: [UInt8], key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) {
        add(.put, bucket, key, value)
    }

    /// Stores a value in a bucket, which is created if it is missing then.
    package mutating func put(bucket: [UInt8], key: [UInt8], value: [UInt8]) {
        key.withBytes { keyBytes in
            value.withBytes { valueBytes in add(.put, bucket, keyBytes, valueBytes) }
        }
    }

    /// Removes a key; it need not be there, nor its bucket.
    package mutating func delete(bucket: [UInt8], key: UnsafeRawBufferPointer) {
        add(.delete, bucket, key, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Removes a key; it need not be there, nor its bucket.
    package mutating func delete(bucket: [UInt8], key: [UInt8]) {
        key.withBytes { delete(bucket: bucket, key: $0) }
    }

    /// Creates a bucket unless it exists.
    package mutating func createBucket(_ name: [UInt8]) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        add(.createBucket, name, none, none)
    }

    /// Deletes a bucket with its content; it need not exist.
    package mutating func deleteBucket(_ name: [UInt8]) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        add(.deleteBucket, name, none, none)
    }

    /// Sets the fill percentage of split pages of a bucket; half by default.
    package mutating func setFillPercent(_ fillPercent: Double, ofBucket name: [UInt8]) {
        fillPercents[index(of: name)] = fillPercent
    }

    /// Removes the changes and keeps the memory.
    package mutating func removeAll() {
        changes.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Applies the changes in order. After an error some are applied: roll back.
    package func apply(to transaction: BoltWriteTransaction) throws(BoltError) {
        var opened: [BoltWriteBucket?] = Array(repeating: nil, count: buckets.count)
        let changes = self.changes
        let opening: (Int) throws(BoltError) -> BoltWriteBucket = { index throws(BoltError) in
            if let bucket = opened[index] { return bucket }
            let bucket = try transaction.createBucketIfMissing(buckets[index])
            bucket.fillPercent = fillPercents[index]
            opened[index] = bucket
            return bucket
        }
        try bytes.withUnsafeBufferPointer { buffer throws(BoltError) in
            let raw = UnsafeRawBufferPointer(buffer)
            for change in changes {
                let keyEnd = change.keyStart + change.keyBytes
                let key = UnsafeRawBufferPointer(rebasing: raw[change.keyStart..<keyEnd])
                let value = UnsafeRawBufferPointer(
                    rebasing: raw[keyEnd..<(keyEnd + change.valueBytes)])
                switch change.kind {
                case .put: try opening(change.bucket).put(key, value)
                case .createBucket: _ = try opening(change.bucket)
                case .delete:
                    let name = buckets[change.bucket]
                    if try transaction.bucket(name) != nil {
                        try opening(change.bucket).delete(key)
                    }
                case .deleteBucket:
                    try transaction.deleteBucket(buckets[change.bucket])
                    opened[change.bucket] = nil
                }
            }
        }
    }

    private mutating func add(
        _ kind: Kind, _ bucket: [UInt8], _ key: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) {
        let start = bytes.count
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: value)
        changes.append(
            Change(
                kind: kind, bucket: index(of: bucket), keyStart: start, keyBytes: key.count,
                valueBytes: value.count))
    }

    private mutating func index(of bucket: [UInt8]) -> Int {
        if let known = buckets.lastIndex(of: bucket) { return known }
        buckets.append(bucket)
        fillPercents.append(PageLayout.fillPercentDefault)
        return buckets.count - 1
    }
}
