internal import Base64

/// Why bytes are not the wire form of a message.
package struct WireToJSONError: Error, Equatable, Sendable {}

/// Writes the JSON form of a message whose wire form may arrive in parts, field by field, so that a
/// large message is never held as a whole.
///
/// As grpc-gateway writes it: names as in the definition, or in camel case, 64-bit integers as texts, bytes as base64,
/// enumerations by name, fields of value zero left out. The elements of a repeated field follow one
/// another on the wire, as all encoders write them.
package struct WireToJSON {
    private let schema: ProtobufSchema
    private var fields: MessageFields
    /// The bytes of a field that has not arrived completely.
    private var partial: [UInt8] = []
    private var json: [UInt8] = [UInt8(ascii: "{")]

    /// - Parameter isCamelCase: whether names are those of protobuf's JSON form: `rangeEnd`.
    package init(_ schema: ProtobufSchema, _ message: MessageID, isCamelCase: Bool = false) {
        self.schema = schema
        fields = MessageFields(message, depth: 0, isCamelCase: isCamelCase)
    }

    /// Converts further bytes.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(WireToJSONError) {
        guard !partial.isEmpty else { return try convert(bytes) }
        partial.append(contentsOf: bytes)
        var whole: [UInt8] = []
        swap(&whole, &partial)
        var failure: WireToJSONError?
        whole.withUnsafeBytes { bytes in
            do throws(WireToJSONError) { try convert(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private mutating func convert(_ bytes: UnsafeRawBufferPointer) throws(WireToJSONError) {
        var reader = FieldReader(bytes)
        try fields.write(&reader, schema, into: &json)
        partial = Array(bytes[reader.position...])
    }

    /// Ends the message.
    package mutating func finish() throws(WireToJSONError) {
        guard partial.isEmpty else { throw WireToJSONError() }
        fields.finish(&json)
    }

    /// What has been written since the last call.
    package mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &json)
        return taken
    }
}

/// The fields of one message that are being written.
private struct MessageFields {
    private let message: MessageID
    private let depth: Int
    private let isCamelCase: Bool
    /// The repeated field whose array is open.
    private var openArray: Int?
    private var hasFields = false

    /// Nesting limit of messages; requests have half of it.
    static let depthMax = 1024

    init(_ message: MessageID, depth: Int, isCamelCase: Bool) {
        self.message = message
        self.depth = depth
        self.isCamelCase = isCamelCase
    }

    /// Writes the fields that have arrived completely.
    mutating func write(
        _ reader: inout FieldReader, _ schema: ProtobufSchema, into json: inout [UInt8]
    ) throws(WireToJSONError) {
        let known = schema.messages[message.index]
        while let value = try reader.next() {
            guard let index = known.index(numbered: value.number) else { continue }
            let field = known.fields[index]
            try write(value.content, of: field, at: index, schema, into: &json)
        }
    }

    mutating func finish(_ json: inout [UInt8]) {
        closeArray(&json)
        json.append(UInt8(ascii: "}"))
    }

    private mutating func closeArray(_ json: inout [UInt8]) {
        guard openArray != nil else { return }
        json.append(UInt8(ascii: "]"))
        openArray = nil
    }

    private mutating func write(
        _ content: FieldReader.Content, of field: FieldSchema, at index: Int,
        _ schema: ProtobufSchema, into json: inout [UInt8]
    ) throws(WireToJSONError) {
        switch (content, field.kind) {
        case (.varint(let value), _):
            if value == 0, field.omitsZero { return }
            begin(field, index, &json)
            try Self.write(value, field.kind, schema, into: &json)
        case (.bytes(let bytes), .string), (.bytes(let bytes), .bytes):
            if bytes.isEmpty, field.omitsZero { return }
            begin(field, index, &json)
            if field.kind == .string {
                json.appendJSONString(bytes)
            } else {
                json.append(UInt8(ascii: "\""))
                Base64.append(bytes, to: &json)
                json.append(UInt8(ascii: "\""))
            }
        case (.bytes(let bytes), .message(let id)):
            begin(field, index, &json)
            try write(bytes, id, schema, into: &json)
        case (.bytes(let bytes), _):
            // Numbers of a repeated field, one after the other.
            guard field.isRepeated else { throw WireToJSONError() }
            var reader = FieldReader(bytes)
            while let value = try reader.nextVarint() {
                begin(field, index, &json)
                try Self.write(value, field.kind, schema, into: &json)
            }
        }
    }

    /// Writes the name of the field, or what separates its elements.
    private mutating func begin(_ field: FieldSchema, _ index: Int, _ json: inout [UInt8]) {
        if openArray == index { return json.append(UInt8(ascii: ",")) }
        closeArray(&json)
        if hasFields { json.append(UInt8(ascii: ",")) }
        hasFields = true
        json.append(UInt8(ascii: "\""))
        json.append(contentsOf: isCamelCase ? field.jsonName : field.name)
        json.append(contentsOf: "\":".utf8)
        guard field.isRepeated else { return }
        json.append(UInt8(ascii: "["))
        openArray = index
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, _ id: MessageID, _ schema: ProtobufSchema,
        into json: inout [UInt8]
    ) throws(WireToJSONError) {
        guard depth + 1 < Self.depthMax else { throw WireToJSONError() }
        var fields = MessageFields(id, depth: depth + 1, isCamelCase: isCamelCase)
        var reader = FieldReader(bytes)
        json.append(UInt8(ascii: "{"))
        try fields.write(&reader, schema, into: &json)
        guard reader.position == bytes.count else { throw WireToJSONError() }
        fields.finish(&json)
    }

    private static func write(
        _ value: UInt64, _ kind: FieldSchema.Kind, _ schema: ProtobufSchema,
        into json: inout [UInt8]
    ) throws(WireToJSONError) {
        switch kind {
        case .bool: json.append(contentsOf: (value == 0 ? "false" : "true").utf8)
        case .int32: json.append(contentsOf: String(Int32(truncatingIfNeeded: value)).utf8)
        case .uint32: json.append(contentsOf: String(UInt32(truncatingIfNeeded: value)).utf8)
        case .int64: json.append(contentsOf: "\"\(Int64(bitPattern: value))\"".utf8)
        case .uint64: json.append(contentsOf: "\"\(value)\"".utf8)
        case .enumeration(let index):
            let number = Int32(truncatingIfNeeded: value)
            if let name = schema.enumerations[index].name(of: number) {
                json.appendJSONString(name)
            } else {
                json.append(contentsOf: String(number).utf8)
            }
        case .string, .bytes, .message: throw WireToJSONError()
        }
    }
}

/// Reads the fields of a message; the last may be incomplete.
private struct FieldReader {
    enum Content {
        case varint(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    private let bytes: UnsafeRawBufferPointer
    /// The end of the last field that is complete.
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next field; nil when no complete one is left. etcd's messages have varints and bytes
    /// only.
    mutating func next() throws(WireToJSONError) -> (number: UInt64, content: Content)? {
        var end = position
        guard let tag = try varint(at: &end), let value = try varint(at: &end) else { return nil }
        switch tag & 7 {
        case 0:
            position = end
            return (tag >> 3, .varint(value))
        case 2:
            guard value <= UInt64(bytes.count - end) else { return nil }
            position = end + Int(value)
            return (tag >> 3, .bytes(UnsafeRawBufferPointer(rebasing: bytes[end..<position])))
        default: throw WireToJSONError()
        }
    }

    /// The next number of a packed field.
    mutating func nextVarint() throws(WireToJSONError) -> UInt64? {
        if position == bytes.count { return nil }
        guard let value = try varint(at: &position) else { throw WireToJSONError() }
        return value
    }

    /// The varint at `index`, which is moved behind it; nil if it is incomplete.
    private func varint(at index: inout Int) throws(WireToJSONError) -> UInt64? {
        var (value, shift) = (UInt64(0), UInt64(0))
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard shift < 63 || byte <= 1 else { throw WireToJSONError() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
