/// What an entry of the log asks the state machine to do: a header and one request.
package struct InternalRaftRequest: WireMessage, Equatable {
    /// The id as entries before 3.0 carried it; the header's is used today.
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
        /// One of the rare requests: its field number and its encoding, not looked into.
        case other(field: UInt32, bytes: ArraySlice<UInt8>)
    }

    /// One level more than a request has, with room for what wraps it, so that a request that was
    /// accepted for proposal is always readable when it is applied.
    package static var depthLimit: Int { WireReader.requestDepthLimit + 8 }

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
            default: try readRare(tag, from: &reader)
            }
        }
    }

    private mutating func readRare(
        _ tag: WireTag, from reader: inout WireReader
    ) throws(WireError) {
        guard tag.wireType == 2, Field.isRare(tag.fieldNumber) else {
            return try reader.skip(tag)
        }
        payload = .other(field: tag.fieldNumber, bytes: try reader.bytes())
    }
}
