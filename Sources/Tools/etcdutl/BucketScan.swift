import Bolt
import Identifiers
import MVCC
import StandardStreams

/// Reads buckets once from begin to end, without keeping the pages in memory.
struct BucketScan {
    /// The system maps up to 15 neighbours of a page that is read.
    private static let unreleasedBytesMax = 4 << 20

    let bolt: Bolt
    private let progress: Progress
    private let totalBytes: UInt64
    private var readBytes: UInt64 = 0
    private var unreleasedBytes = 0

    init(_ bolt: Bolt, progress: Progress) {
        self.bolt = bolt
        self.progress = progress
        totalBytes = UInt64(bolt.sizeInUseBytes)
    }

    /// The entries of a bucket in their order, until `body` returns false.
    mutating func forEach(
        of bucket: BoltBucket,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ToolFailure) -> Bool
    ) throws(ToolFailure) {
        var cursor = bucket.cursor()
        while let (key, value) = try Self.next(&cursor) {
            guard try body(key, value) else { return }
            count(key.count + value.count)
        }
    }

    /// The records of the bucket `key` in the order of their revisions, until `body` returns false.
    mutating func forEachRecord(
        of bucket: BoltBucket,
        _ body: (RevisionKey, UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ToolFailure)
            -> Bool
    ) throws(ToolFailure) {
        try forEach(of: bucket) { (key, value) throws(ToolFailure) in
            guard let name = RevisionKey(decoding: key) else {
                throw .operation("cannot parse revision key: \(Array(key))")
            }
            return try body(name, key, value)
        }
    }

    private mutating func count(_ bytes: Int) {
        unreleasedBytes += bytes
        guard unreleasedBytes >= Self.unreleasedBytesMax else { return }
        bolt.releaseMappedPages()
        readBytes += UInt64(unreleasedBytes)
        unreleasedBytes = 0
        progress.show(bytes: readBytes, of: totalBytes)
    }

    private static func next(_ cursor: inout BoltCursor) throws(ToolFailure) -> BoltCursor.Entry? {
        do throws(PageFault) {
            return try cursor.next()
        } catch {
            throw .operation("\(error)")
        }
    }
}

/// Runs reads of a database; their faults end the command.
func reading<Result>(
    _ body: () throws(PageFault) -> Result
) throws(ToolFailure) -> Result {
    do throws(PageFault) {
        return try body()
    } catch {
        throw .operation("\(error)")
    }
}
