import Identifiers

/// Protobuf encoding of configuration changes, the only entry data that the Raft machine reads.
///
/// Fields are written in ascending order. Unknown fields are skipped, the last value of a repeated
/// scalar field counts, and malformed input gives nil.
extension ConfChange {
    /// Reads raftpb.ConfChange; nil if malformed or of an unknown type.
    package init?(decoding bytes: [UInt8]) {
        var decoded = ConfChange(type: .addVoter, member: .none)
        var reader = FieldReader(bytes[...])
        while let field = reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let value)): decoded.id = value
            case (2, .varint(let value)):
                guard let type = ConfChangeType(wireValue: value) else { return nil }
                decoded.type = type
            case (3, .varint(let value)): decoded.member = MemberID(value)
            case (4, .bytes(let value)): decoded.context = Array(value)
            case (1...4, _): return nil
            default: continue
            }
        }
        if reader.isMalformed { return nil }
        self = decoded
    }

    /// The encoded change. The type and the member are always written, as in etcd.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(context.count + 32)
        if id != 0 {
            bytes.appendField(1, varint: id)
        }
        bytes.appendField(2, varint: UInt64(type.rawValue))
        bytes.appendField(3, varint: member.rawValue)
        if !context.isEmpty {
            bytes.appendField(4, bytes: context)
        }
        return bytes
    }
}

extension ConfChangeV2 {
    /// Reads raftpb.ConfChangeV2; nil if malformed or of an unknown type. Empty is `leaveJoint`.
    package init?(decoding bytes: [UInt8]) {
        var decoded = ConfChangeV2(changes: [])
        var reader = FieldReader(bytes[...])
        while let field = reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                guard value <= UInt64(UInt8.max),
                    let transition = ConfChangeTransition(rawValue: UInt8(value))
                else { return nil }
                decoded.transition = transition
            case (2, .bytes(let value)):
                guard let change = ConfChangeSingle(decoding: value) else { return nil }
                decoded.changes.append(change)
            case (3, .bytes(let value)): decoded.context = Array(value)
            case (1...3, _): return nil
            default: continue
            }
        }
        if reader.isMalformed { return nil }
        self = decoded
    }

    /// The encoded change; the change that leaves a joint configuration is empty.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        if transition != .automatic {
            bytes.appendField(1, varint: UInt64(transition.rawValue))
        }
        for change in changes {
            var inner: [UInt8] = []
            inner.appendField(1, varint: UInt64(change.type.rawValue))
            inner.appendField(2, varint: change.member.rawValue)
            bytes.appendField(2, bytes: inner)
        }
        if !context.isEmpty {
            bytes.appendField(3, bytes: context)
        }
        return bytes
    }
}

extension ConfChangeSingle {
    fileprivate init?(decoding bytes: ArraySlice<UInt8>) {
        self.init(type: .addVoter, member: .none)
        var reader = FieldReader(bytes)
        while let field = reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                guard let type = ConfChangeType(wireValue: value) else { return nil }
                self.type = type
            case (2, .varint(let value)): member = MemberID(value)
            case (1...2, _): return nil
            default: continue
            }
        }
        if reader.isMalformed { return nil }
    }
}

extension ConfChangeType {
    fileprivate init?(wireValue: UInt64) {
        guard wireValue <= UInt64(UInt8.max) else { return nil }
        self.init(rawValue: UInt8(wireValue))
    }
}

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    fileprivate mutating func appendField(_ number: UInt64, varint value: UInt64) {
        appendVarint(number << 3)
        appendVarint(value)
    }

    fileprivate mutating func appendField(_ number: UInt64, bytes: [UInt8]) {
        appendVarint(number << 3 | 2)
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}
