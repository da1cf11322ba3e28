package import EtcdAPI

/// A message that contains keys: where they are.
package enum ResponseShape: CaseIterable, Sendable {
    case range, put, deleteRange, transaction, operation, keyValue, watch, event, leaseTimeToLive

    /// What a length-delimited field holds.
    enum Content {
        case message(ResponseShape)
        case key
        /// A key that is left out if it is outside the namespace.
        case listedKey
        case other
    }

    func content(of field: UInt32) -> Content {
        switch (self, field) {
        case (.range, 2), (.put, 2), (.deleteRange, 3), (.event, 2), (.event, 3):
            .message(.keyValue)
        case (.transaction, 3): .message(.operation)
        case (.operation, 1): .message(.range)
        case (.operation, 2): .message(.put)
        case (.operation, 3): .message(.deleteRange)
        case (.operation, 4): .message(.transaction)
        case (.watch, 11): .message(.event)
        case (.keyValue, 1): .key
        case (.leaseTimeToLive, 5): .listedKey
        default: .other
        }
    }
}

/// Removes a prefix from the keys of encoded messages. All other bytes stay as they are.
package struct ResponseKeys {
    private let prefix: [UInt8]

    /// Nesting of transactions in responses; members accept fewer.
    private static let depthMax = 512

    package init(prefix: [UInt8]) {
        self.prefix = prefix
    }

    /// - Throws: for a message that is no sequence of fields.
    package func removed(
        from message: [UInt8], _ shape: ResponseShape
    ) throws(WireError) -> [UInt8] {
        try copy(message[...], shape, depth: 0)
    }

    private func copy(
        _ message: ArraySlice<UInt8>, _ shape: ResponseShape, depth: Int
    ) throws(WireError) -> [UInt8] {
        guard depth < Self.depthMax else { throw .nestedTooDeeply }
        var output: [UInt8] = []
        output.reserveCapacity(message.count)
        var fields = WireFields(message)
        while let field = try fields.next() {
            guard let bytes = field.bytes else {
                output += field.whole
                continue
            }
            switch shape.content(of: field.number) {
            case .other: output += field.whole
            case .message(let inner):
                Self.append(
                    try copy(bytes, inner, depth: depth + 1)[...], field.number, to: &output)
            case .key: Self.append(removed(from: bytes) ?? bytes, field.number, to: &output)
            case .listedKey:
                if let key = removed(from: bytes) { Self.append(key, field.number, to: &output) }
            }
        }
        return output
    }

    private func removed(from key: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        key.starts(with: prefix) ? key.dropFirst(prefix.count) : nil
    }

    private static func append(
        _ bytes: ArraySlice<UInt8>, _ number: UInt32, to output: inout [UInt8]
    ) {
        let size = WireSize.explicitBytes(bytes.count, field: number)
        output += WireWriter.bytes(count: size) { writer in
            writer.appendLength(bytes.count, field: number)
            writer.append(bytes)
        }
    }
}

/// The fields of an encoded message, one after the other.
struct WireFields {
    struct Field {
        let number: UInt32
        /// The field with its tag.
        let whole: ArraySlice<UInt8>
        /// The value of a length-delimited field.
        let bytes: ArraySlice<UInt8>?
        /// The value of a varint field.
        let varint: UInt64?
    }

    private let message: ArraySlice<UInt8>
    private var position: Int

    init(_ message: ArraySlice<UInt8>) {
        self.message = message
        position = message.startIndex
    }

    mutating func next() throws(WireError) -> Field? {
        guard position < message.endIndex else { return nil }
        let start = position
        let tag = try varint()
        guard tag >= 8, tag <= UInt64(UInt32.max) else { throw .malformedTag }
        let number = UInt32(tag >> 3)
        switch tag & 7 {
        case 0:
            let value = try varint()
            return Field(
                number: number, whole: message[start..<position], bytes: nil, varint: value)
        case 1: try advance(8)
        case 2:
            let length = try varint()
            guard length <= UInt64(message.endIndex - position) else { throw .truncated }
            let content = message[position..<position + Int(length)]
            position = content.endIndex
            return Field(
                number: number, whole: message[start..<position], bytes: content, varint: nil)
        case 5: try advance(4)
        // Groups are in no message of etcd.
        default: throw .malformedTag
        }
        return Field(number: number, whole: message[start..<position], bytes: nil, varint: nil)
    }

    private mutating func advance(_ count: Int) throws(WireError) {
        guard count <= message.endIndex - position else { throw .truncated }
        position += count
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < message.endIndex {
            let byte = message[position]
            position += 1
            if shift == 63, byte > 1 { throw .malformedVarint }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 70 else { throw .malformedVarint }
        }
        throw .truncated
    }
}
