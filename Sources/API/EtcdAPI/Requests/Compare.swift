/// One compare of a transaction, on a key or on every key of a range.
package struct Compare: WireMessage, Equatable {
    package var result: Result
    package var target: Target
    package var key: ArraySlice<UInt8>
    /// The operand; etcd uses zero or an empty value when it does not match `target`.
    package var operand: Operand
    /// As in a RangeRequest.
    package var rangeEnd: ArraySlice<UInt8>

    /// The oneof `target_union`.
    package enum Operand: Equatable, Sendable {
        case none
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value(ArraySlice<UInt8>)
        case lease(Int64)
    }

    package init() {
        self.init(key: [])
    }

    package init(
        result: Result = .equal, target: Target = .version, key: ArraySlice<UInt8>,
        operand: Operand = .none, rangeEnd: ArraySlice<UInt8> = []
    ) {
        self.result = result
        self.target = target
        self.key = key
        self.operand = operand
        self.rangeEnd = rangeEnd
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): result = Result(rawValue: try reader.int32())
            case .varint(2): target = Target(rawValue: try reader.int32())
            case .bytes(3): key = try reader.bytes()
            case .varint(4): operand = .version(try reader.int64())
            case .varint(5): operand = .createRevision(try reader.int64())
            case .varint(6): operand = .modRevision(try reader.int64())
            case .bytes(7): operand = .value(try reader.bytes())
            case .varint(8): operand = .lease(try reader.int64())
            case .bytes(64): rangeEnd = try reader.bytes()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        let operandSize =
            switch operand {
            case .none: 0
            case .version(let number), .createRevision(let number), .modRevision(let number),
                .lease(let number):
                WireSize.explicitUInt64(UInt64(bitPattern: number), field: 4)
            case .value(let bytes): WireSize.explicitBytes(bytes.count, field: 7)
            }
        return WireSize.int64(Int64(result.rawValue), field: 1)
            + WireSize.int64(Int64(target.rawValue), field: 2)
            + WireSize.bytes(key.count, field: 3)
            + operandSize
            + WireSize.bytes(rangeEnd.count, field: 64)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(Int64(result.rawValue), field: 1)
        writer.appendInt64(Int64(target.rawValue), field: 2)
        writer.appendBytes(key, field: 3)
        // A member of a oneof is encoded even when it is zero.
        switch operand {
        case .none: break
        case .version(let number):
            writer.appendExplicitUInt64(UInt64(bitPattern: number), field: 4)
        case .createRevision(let number):
            writer.appendExplicitUInt64(UInt64(bitPattern: number), field: 5)
        case .modRevision(let number):
            writer.appendExplicitUInt64(UInt64(bitPattern: number), field: 6)
        case .value(let bytes):
            bytes.withUnsafeBytes { memory in writer.appendExplicitBytes(memory, field: 7) }
        case .lease(let number):
            writer.appendExplicitUInt64(UInt64(bitPattern: number), field: 8)
        }
        writer.appendBytes(rangeEnd, field: 64)
    }
}
