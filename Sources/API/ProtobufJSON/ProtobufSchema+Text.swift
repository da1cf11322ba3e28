extension ProtobufSchema {
    /// Parses the text that `Scripts/message-schema.py` writes.
    convenience init(_ text: StaticString) {
        let lines = text.description.split(separator: "\n").map(Line.init)
        var names = Names()
        for line in lines where !line.isInner { names.add(line) }
        var (messages, enumerations) = ([MessageSchema](), [EnumerationSchema]())
        var methods: [String: MethodSchema] = [:]
        var start = 0
        while start < lines.count {
            let end = lines[(start + 1)...].firstIndex { !$0.isInner } ?? lines.count
            let (heading, inner) = (lines[start], lines[(start + 1)..<end])
            switch heading[0] {
            case "message":
                messages.append(
                    MessageSchema(name: heading[1], fields: inner.map { names.field($0) }))
            case "enum":
                enumerations.append(
                    EnumerationSchema(values: inner.map { ($0.number(at: 0), Array($0[1].utf8)) }))
            default:
                let used = inner.map { names.message($0[0]) }
                methods[heading[1]] = MethodSchema(request: used[0], response: used[1])
            }
            start = end
        }
        self.init(messages: messages, enumerations: enumerations, methods: methods)
    }
}

/// A line: words, and whether it belongs to the line before it that does not start with a blank.
private struct Line {
    let isInner: Bool
    private let words: [Substring]

    init(_ text: Substring) {
        isInner = text.hasPrefix(" ")
        words = text.split(separator: " ")
    }

    var count: Int { words.count }

    subscript(index: Int) -> String { String(words[index]) }

    func number(at index: Int) -> Int32 {
        guard let number = Int32(words[index]) else {
            preconditionFailure("a schema has numbers where they belong")
        }
        return number
    }
}

/// The indexes of messages and enumerations by their names.
private struct Names {
    private var messages: [String: MessageID] = [:]
    private var enumerations: [String: Int] = [:]

    mutating func add(_ line: Line) {
        switch line[0] {
        case "message": messages[line[1]] = MessageID(index: messages.count)
        case "enum": enumerations[line[1]] = enumerations.count
        default: break
        }
    }

    func message(_ name: String) -> MessageID {
        guard let message = messages[name] else {
            preconditionFailure("a schema describes each message that it uses: \(name)")
        }
        return message
    }

    func field(_ line: Line) -> FieldSchema {
        let isRepeated = line[0].hasSuffix("*")
        let type = isRepeated ? String(line[0].dropLast()) : line[0]
        return FieldSchema(
            name: Array(line[2].utf8), jsonName: Self.camelCase(line[2]),
            number: UInt64(UInt32(bitPattern: line.number(at: 1))), kind: kind(type),
            isRepeated: isRepeated, oneof: line.count > 3 ? line[3] : nil)
    }

    private func kind(_ type: String) -> FieldSchema.Kind {
        switch type {
        case "bool": return .bool
        case "int32": return .int32
        case "int64": return .int64
        case "uint32": return .uint32
        case "uint64": return .uint64
        case "string": return .string
        case "bytes": return .bytes
        default: break
        }
        let parts = type.split(separator: ":")
        let name = String(parts[1])
        if parts[0] == "message" { return .message(message(name)) }
        guard let index = enumerations[name] else {
            preconditionFailure("a schema describes each enumeration that it uses: \(name)")
        }
        return .enumeration(index)
    }

    /// The JSON name that protoc gives a field: no underscores, a capital letter after each.
    private static func camelCase(_ name: String) -> [UInt8] {
        var (result, isCapital) = ([UInt8](), false)
        for byte in name.utf8 {
            guard byte != UInt8(ascii: "_") else {
                isCapital = true
                continue
            }
            let isLower = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            result.append(isCapital && isLower ? byte - 32 : byte)
            isCapital = false
        }
        return result
    }
}
