internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

/// The database of a member as it comes: pieces of the file, followed by its SHA-256.
///
/// It is not repeated on another member when the connection is lost: what was received is of no use
/// then.
public struct Snapshot: AsyncSequence, Sendable {
    /// A piece of the file.
    public struct Piece: Sendable {
        public let bytes: [UInt8]
        /// Bytes that follow this piece.
        public let remaining: UInt64
        /// The version whose features the database uses; empty before 3.6.
        public let storageVersion: String
    }

    public typealias Element = Piece

    let stream: GRPCClientStream

    public func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }

    public struct Iterator: AsyncIteratorProtocol {
        let stream: GRPCClientStream

        /// The next piece; nil at the end of the file.
        public mutating func next() async throws(EtcdClientError) -> Piece? {
            let bytes: [UInt8]?
            do throws(GRPCStatus) {
                bytes = try await stream.next()
            } catch {
                throw EtcdClientError(error)
            }
            guard let bytes else { return nil }
            let response: Etcdserverpb_SnapshotResponse = try ClusterCalls.decoded(bytes)
            return Piece(
                bytes: Array(response.blob), remaining: response.remainingBytes,
                storageVersion: response.version)
        }
    }
}

extension EtcdClient {
    /// Reads the database of a member as long as `body` runs.
    @discardableResult
    public func withSnapshot<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Snapshot) async throws -> Result
    ) async throws -> Result {
        let opened = try await cluster.stream(.snapshot)
        defer { opened.stream.cancel() }
        opened.stream.send([])
        opened.stream.halfClose()
        return try await body(Snapshot(stream: opened.stream))
    }
}
