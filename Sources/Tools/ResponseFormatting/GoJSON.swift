import Base64
import GoText

/// JSON as Go's encoding/json writes it: no blanks, fields in their order, `<`, `>` and `&` escaped.
package indirect enum GoJSON: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([GoJSON])
    case object(GoObject)

    /// The text.
    package var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text.goJSON
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let object):
            "{"
                + object.fields.map { "\($0.name.goJSON):\($0.value.text)" }
                .joined(separator: ",") + "}"
        }
    }

    /// Base64 in quotes.
    package static func base64(_ bytes: some Sequence<UInt8>) -> GoJSON {
        .string(String(decoding: Base64.encode(Array(bytes)), as: UTF8.self))
    }
}

/// The fields of a Go struct. Zeros, empty texts and empty lists are omitted, unless they are added
/// with `always`.
package struct GoObject: Sendable {
    private(set) var fields: [(name: String, value: GoJSON)] = []

    package init() {}

    package mutating func always(_ name: String, _ value: GoJSON) {
        fields.append((name, value))
    }

    mutating func add(_ name: String, _ number: some BinaryInteger) {
        if number != 0 { always(name, .number("\(number)")) }
    }

    mutating func add(_ name: String, _ flag: Bool) {
        if flag { always(name, .bool(true)) }
    }

    mutating func add(_ name: String, _ text: String) {
        if !text.isEmpty { always(name, .string(text)) }
    }

    mutating func add(_ name: String, bytes: some Collection<UInt8>) {
        if !bytes.isEmpty { always(name, .base64(bytes)) }
    }

    mutating func add(_ name: String, _ texts: [String]) {
        if !texts.isEmpty { always(name, .array(texts.map { .string($0) })) }
    }

    mutating func add(_ name: String, _ objects: [GoObject]) {
        if !objects.isEmpty { always(name, .array(objects.map { .object($0) })) }
    }

    mutating func add(_ name: String, _ object: GoObject) {
        always(name, .object(object))
    }

    mutating func append(_ other: GoObject) {
        fields += other.fields
    }
}
