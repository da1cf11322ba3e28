import Bolt
import PeerTransport

/// A view of the database as the image that is sent to another member.
final class DatabaseView: SnapshotSource {
    private let reading: BoltReadTransaction

    init(_ reading: BoltReadTransaction) { self.reading = reading }

    var sizeBytes: Int { reading.sizeBytes }

    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) -> Int {
        reading.readPages(at: offset, into: memory)
    }

    func close() { reading.end() }
}
