internal import Base64

extension ProtobufSchema {
    /// The wire form of a message from its JSON form, a value that `JSONValueScanner` has found.
    ///
    /// As in proto3's JSON: fields by either of their names, 64-bit integers as numbers or texts,
    /// bytes as base64 of either alphabet, enumerations by name or number, null as absent. Unknown
    /// fields and unknown names of enumeration values are ignored. A field twice is an error.
    package func wireBytes(
        fromJSON json: UnsafeRawBufferPointer, of message: MessageID
    ) throws(JSONError) -> [UInt8] {
        var conversion = JSONToWire(schema: self, reader: JSONReader(json))
        var output: [UInt8] = []
        try conversion.convert(message, depth: 0, into: &output)
        return output
    }
}

/// A conversion of one JSON text.
private struct JSONToWire {
    let schema: ProtobufSchema
    var reader: JSONReader

    /// Nesting limit of messages, that of requests on the wire.
    static let depthMax = 512

    /// The fields of a message that have been read.
    private struct Seen {
        var fields: UInt64 = 0
        var oneofs: [String] = []
    }

    /// Reads a message with its braces and appends its fields.
    mutating func convert(
        _ id: MessageID, depth: Int, into output: inout [UInt8]
    ) throws(JSONError) {
        guard depth < Self.depthMax else { throw .nestedTooDeeply }
        let message = schema.messages[id.index]
        let open = try reader.next()
        guard open.kind == .objectOpen else { throw reader.unexpected(open) }
        var seen = Seen()
        while true {
            let name = try reader.next()
            guard name.kind == .string else {
                guard name.kind == .objectClose else { throw reader.unexpected(name) }
                return
            }
            let found = try reader.withText(of: name) { message.index(named: $0) }
            guard let index = found else {
                try reader.skipValue()
                continue
            }
            try convertField(message, index, name, &seen, depth, &output)
        }
    }

    private mutating func convertField(
        _ message: MessageSchema, _ index: Int, _ name: JSONToken, _ seen: inout Seen,
        _ depth: Int, _ output: inout [UInt8]
    ) throws(JSONError) {
        let field = message.fields[index]
        let bit = UInt64(1) << UInt64(index)
        guard seen.fields & bit == 0 else {
            throw reader.failure(at: name, "duplicate field \(reader.raw(name))")
        }
        seen.fields |= bit
        if try reader.peek().kind == .null {
            _ = try reader.next()
        } else if field.isRepeated {
            try convertList(field, depth, &output)
        } else {
            if let oneof = field.oneof {
                guard !seen.oneofs.contains(oneof) else {
                    throw reader.failure(
                        at: name,
                        "error parsing \(reader.raw(name)), oneof \(message.name).\(oneof) "
                            + "is already set")
                }
                seen.oneofs.append(oneof)
            }
            try convertValue(field, depth, &output)
        }
    }

    private mutating func convertList(
        _ field: FieldSchema, _ depth: Int, _ output: inout [UInt8]
    ) throws(JSONError) {
        let open = try reader.next()
        guard open.kind == .arrayOpen else { throw reader.unexpected(open) }
        while try reader.peek().kind != .arrayClose {
            try convertValue(field, depth, &output)
        }
        _ = try reader.next()
    }

    private mutating func convertValue(
        _ field: FieldSchema, _ depth: Int, _ output: inout [UInt8]
    ) throws(JSONError) {
        if case .message(let id) = field.kind {
            var inner: [UInt8] = []
            try convert(id, depth: depth + 1, into: &inner)
            return output.appendBytes(inner, field: field.number)
        }
        let token = try reader.next()
        switch field.kind {
        case .string where token.kind == .string:
            let text = try reader.withText(of: token) { Array($0) }
            if !text.isEmpty || !field.omitsZero { output.appendBytes(text, field: field.number) }
        case .bytes where token.kind == .string:
            guard let bytes = try reader.withText(of: token, { Base64.decodeAny($0) }) else {
                throw invalidValue(token, field)
            }
            if !bytes.isEmpty || !field.omitsZero { output.appendBytes(bytes, field: field.number) }
        case .enumeration(let index) where token.kind == .string:
            let values = schema.enumerations[index]
            if let number = try reader.withText(of: token, { values.number(named: $0) }) {
                append(UInt64(bitPattern: Int64(number)), field, &output)
            }
        default:
            guard let value = try number(token, field.kind) else {
                throw invalidValue(token, field)
            }
            append(value, field, &output)
        }
    }

    private func append(_ value: UInt64, _ field: FieldSchema, _ output: inout [UInt8]) {
        guard value != 0 || !field.omitsZero else { return }
        output.appendVarint(field.number << 3)
        output.appendVarint(value)
    }

    /// The varint of a scalar; nil if the token is not its value.
    private func number(
        _ token: JSONToken, _ kind: FieldSchema.Kind
    ) throws(JSONError) -> UInt64? {
        if kind == .bool {
            guard token.kind == .bool else { return nil }
            return reader.bytes[token.range.lowerBound] == UInt8(ascii: "t") ? 1 : 0
        }
        let integer: JSONInteger?
        switch (token.kind, kind) {
        case (.number, _):
            integer = JSONInteger(UnsafeRawBufferPointer(rebasing: reader.bytes[token.range]))
        case (.string, .int32), (.string, .int64), (.string, .uint32), (.string, .uint64):
            integer = try reader.withText(of: token) { JSONInteger($0) }
        default: return nil
        }
        return switch kind {
        case .enumeration, .int32: integer?.signed(Int64(Int32.min)...Int64(Int32.max))
        case .int64: integer?.signed(.min ... .max)
        case .uint32: integer?.unsigned(UInt64(UInt32.max))
        case .uint64: integer?.unsigned(.max)
        case .bool, .string, .bytes, .message: nil
        }
    }

    private func invalidValue(_ token: JSONToken, _ field: FieldSchema) -> JSONError {
        let name = String(decoding: field.jsonName, as: UTF8.self)
        return reader.failure(
            at: token,
            "invalid value for \(field.kind.name) field \(name): \(reader.raw(token))")
    }
}

extension FieldSchema.Kind {
    /// The name of the type in errors.
    fileprivate var name: String {
        switch self {
        case .bool: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .string: "string"
        case .bytes: "bytes"
        case .enumeration: "enum"
        case .message: "message"
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    fileprivate mutating func appendBytes(_ bytes: [UInt8], field number: UInt64) {
        appendVarint(number << 3 | 2)
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}

extension Base64 {
    /// The bytes of base64 in either alphabet, with padding or without, line ends skipped.
    fileprivate static func decodeAny(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let isForURLs = text.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        return decode(
            text, alphabet: isForURLs ? .url : .standard, isPadded: text.count % 4 == 0)
    }
}
