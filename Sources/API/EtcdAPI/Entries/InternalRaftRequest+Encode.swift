extension InternalRaftRequest {
    package var encodedSize: Int {
        var size = WireSize.uint64(id, field: Field.id) + payloadSize
        if let header { size += WireSize.message(header, field: Field.header) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendUInt64(id, field: Field.id)
        let comesAfterHeader = otherField > Field.header
        if !comesAfterHeader { encodePayload(into: &writer) }
        if let header { writer.appendMessage(header, field: Field.header) }
        if comesAfterHeader { encodePayload(into: &writer) }
    }

    private var otherField: UInt32 {
        if case .other(let field, _) = payload { field } else { 0 }
    }

    private var payloadSize: Int {
        switch payload {
        case .none: 0
        case .range(let request): WireSize.message(request, field: Field.range)
        case .put(let request): WireSize.message(request, field: Field.put)
        case .deleteRange(let request): WireSize.message(request, field: Field.deleteRange)
        case .txn(let request): WireSize.message(request, field: Field.txn)
        case .compaction(let request): WireSize.message(request, field: Field.compaction)
        case .leaseGrant(let request): WireSize.message(request, field: Field.leaseGrant)
        case .leaseRevoke(let request): WireSize.message(request, field: Field.leaseRevoke)
        case .other(let field, let bytes): WireSize.explicitBytes(bytes.count, field: field)
        }
    }

    private func encodePayload(into writer: inout WireWriter) {
        switch payload {
        case .none: break
        case .range(let request): writer.appendMessage(request, field: Field.range)
        case .put(let request): writer.appendMessage(request, field: Field.put)
        case .deleteRange(let request): writer.appendMessage(request, field: Field.deleteRange)
        case .txn(let request): writer.appendMessage(request, field: Field.txn)
        case .compaction(let request): writer.appendMessage(request, field: Field.compaction)
        case .leaseGrant(let request): writer.appendMessage(request, field: Field.leaseGrant)
        case .leaseRevoke(let request): writer.appendMessage(request, field: Field.leaseRevoke)
        case .other(let field, let bytes):
            writer.appendLength(bytes.count, field: field)
            writer.append(bytes)
        }
    }
}
