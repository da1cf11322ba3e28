/// The request of a log entry: a header and one request (etcdserverpb.InternalRaftRequest).
package struct InternalRaftRequest: WireMessage, Equatable {
    /// The ID of entries before 3.0; later ones have it in the header.
    package var id: UInt64
    package var header: RequestHeader?
    package var payload: Payload

    /// The request of an entry.
    package enum Payload: Equatable, Sendable {
        case none
        case range(RangeRequest)
        case put(PutRequest)
        case deleteRange(DeleteRangeRequest)
        case txn(TxnRequest)
        case compaction(CompactionRequest)
        case leaseGrant(LeaseGrantRequest)
        case leaseRevoke(LeaseRevokeRequest)
        /// One of the rare requests: its field number and its encoding, not decoded.
        case other(field: UInt32, bytes: ArraySlice<UInt8>)
    }

    /// One level more than a request, plus a margin for wrapping, so that a request that was
    /// accepted for proposal can always be decoded when it is applied.
    package static var depthMax: Int { WireReader.requestDepthMax + 8 }

    package init() {
        self.init(id: 0, header: nil, payload: .none)
    }

    package init(id: UInt64 = 0, header: RequestHeader?, payload: Payload) {
        self.id = id
        self.header = header
        self.payload = payload
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(Field.id): id = try reader.varint()
            case .bytes(Field.header): try reader.message(into: &header)
            case .bytes(Field.range): payload = .range(try reader.message())
            case .bytes(Field.put): payload = .put(try reader.message())
            case .bytes(Field.deleteRange): payload = .deleteRange(try reader.message())
            case .bytes(Field.txn): payload = .txn(try reader.message())
            case .bytes(Field.compaction): payload = .compaction(try reader.message())
            case .bytes(Field.leaseGrant): payload = .leaseGrant(try reader.message())
            case .bytes(Field.leaseRevoke): payload = .leaseRevoke(try reader.message())
            default: try readOther(tag, from: &reader)
            }
        }
    }

    private mutating func readOther(
        _ tag: WireTag, from reader: inout WireReader
    ) throws(WireError) {
        guard tag.wireType == 2, Field.isOther(tag.fieldNumber) else {
            return try reader.skip(tag)
        }
        payload = .other(field: tag.fieldNumber, bytes: try reader.bytes())
    }
}
