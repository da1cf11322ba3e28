extension RaftMessage {
    /// Whether zeros are encoded: etcd 3.7 sets these fields in messages of this type.
    private var explicitZeros: (logTermAndIndex: Bool, commit: Bool, rejectHint: Bool) {
        switch type {
        case .append: (true, true, false)
        case .vote, .preVote: (true, false, false)
        case .appendResponse: (reject, false, reject)
        // A heartbeat without a sender is a stream's keepalive, which has only a type.
        case .heartbeat: (false, from != 0, false)
        default: (false, false, false)
        }
    }

    private static func size(_ value: UInt64, explicit: Bool, field: UInt32) -> Int {
        explicit
            ? WireSize.explicitUInt64(value, field: field) : WireSize.uint64(value, field: field)
    }

    package var encodedSize: Int {
        let explicit = explicitZeros
        var size = WireSize.explicitUInt64(type.wireValue, field: 1)
        size += WireSize.uint64(to, field: 2)
        size += WireSize.uint64(from, field: 3)
        size += WireSize.uint64(term, field: 4)
        size += Self.size(logTerm, explicit: explicit.logTermAndIndex, field: 5)
        size += Self.size(index, explicit: explicit.logTermAndIndex, field: 6)
        for entry in entries { size += WireSize.message(entry, field: 7) }
        size += Self.size(commit, explicit: explicit.commit, field: 8)
        if let snapshot { size += WireSize.message(snapshot, field: 9) }
        size += WireSize.bool(reject, field: 10)
        size += Self.size(rejectHint, explicit: explicit.rejectHint, field: 11)
        size += WireSize.bytes(context.count, field: 12)
        size += WireSize.uint64(vote, field: 13)
        return size
    }

    package func encode(into writer: inout WireWriter) {
        let explicit = explicitZeros
        writer.appendExplicitUInt64(type.wireValue, field: 1)
        writer.appendUInt64(to, field: 2)
        writer.appendUInt64(from, field: 3)
        writer.appendUInt64(term, field: 4)
        writer.append(logTerm, explicit: explicit.logTermAndIndex, field: 5)
        writer.append(index, explicit: explicit.logTermAndIndex, field: 6)
        for entry in entries { writer.appendMessage(entry, field: 7) }
        writer.append(commit, explicit: explicit.commit, field: 8)
        if let snapshot { writer.appendMessage(snapshot, field: 9) }
        writer.appendBool(reject, field: 10)
        writer.append(rejectHint, explicit: explicit.rejectHint, field: 11)
        writer.appendBytes(context, field: 12)
        writer.appendUInt64(vote, field: 13)
    }
}

extension WireWriter {
    fileprivate mutating func append(_ value: UInt64, explicit: Bool, field: UInt32) {
        if explicit || value != 0 { appendExplicitUInt64(value, field: field) }
    }
}
