import Bolt
import EtcdAPI

/// Iterates over the records of the `key` bucket in the order of their revisions. Throws at a
/// damaged page, and at a key that is not a revision or does not follow the previous one.
///
/// Valid while the bucket's transaction is open.
struct RecordCursor {
    struct Record {
        let name: RevisionKey
        /// The encoded name.
        let key: UnsafeRawBufferPointer
        let value: UnsafeRawBufferPointer

        var stored: StoredRecord {
            StoredRecord(revision: name.revision, isTombstone: name.isTombstone, value: value)
        }

        /// The decoded value.
        func view() throws(StoreError) -> KeyValueView {
            guard let view = KeyValueView(stored: value) else {
                throw .malformedRecord(key: Array(key))
            }
            return view
        }
    }

    private var cursor: BoltCursor
    private var last = RevisionPair(main: -1)

    init(_ bucket: BoltBucket) {
        cursor = bucket.cursor()
    }

    /// Moves to the next record; to the first one if the cursor has no position yet.
    mutating func next() throws(StoreError) -> Record? {
        try step { cursor throws(PageFault) in try cursor.next() }
    }

    /// Moves to the first record that is not below an encoded name.
    mutating func seek(_ key: [UInt8]) throws(StoreError) -> Record? {
        last = RevisionPair(main: -1)
        return try step { cursor throws(PageFault) in try cursor.seek(key) }
    }

    private mutating func step(
        _ move: (inout BoltCursor) throws(PageFault) -> BoltCursor.Entry?
    ) throws(StoreError) -> Record? {
        let entry: BoltCursor.Entry?
        do throws(PageFault) {
            entry = try move(&cursor)
        } catch {
            throw .bolt(.corrupt(error))
        }
        guard let (key, value) = entry else { return nil }
        guard let name = RevisionKey(decoding: key), name.revision > last else {
            throw .malformedRecord(key: Array(key))
        }
        last = name.revision
        return Record(name: name, key: key, value: value)
    }
}
