/// The shapes of messages, enumerations and methods: what the JSON form of a message is read and
/// written by.
///
/// JSON is converted from and to the wire bytes that the methods take and return, so that no
/// message type and no code for each of them is needed (decision 11).
package final class ProtobufSchema: Sendable {
    let messages: [MessageSchema]
    let enumerations: [EnumerationSchema]
    private let methods: [String: MethodSchema]

    /// The messages of etcd's services.
    package static let etcd = ProtobufSchema(EtcdSchema.text)

    init(
        messages: [MessageSchema], enumerations: [EnumerationSchema],
        methods: [String: MethodSchema]
    ) {
        self.messages = messages
        self.enumerations = enumerations
        self.methods = methods
    }

    /// The messages of the method with this path, `/service/method`.
    package func method(_ path: String) -> MethodSchema? { methods[path] }

    /// The paths of all methods.
    package var paths: [String] { methods.keys.sorted() }
}

/// A message of a schema.
package struct MessageID: Sendable, Hashable {
    let index: Int
}

/// The messages of a method.
package struct MethodSchema: Sendable {
    package let request: MessageID
    package let response: MessageID
}

/// The fields of a message, in the order of their declaration.
struct MessageSchema: Sendable {
    let name: String
    let fields: [FieldSchema]

    /// Fields of a message: a bit set has one bit for each.
    static let fieldsMax = 64

    init(name: String, fields: [FieldSchema]) {
        precondition(fields.count <= Self.fieldsMax, "a message has at most 64 fields")
        self.name = name
        self.fields = fields
    }

    /// The index of the field with this name, in either of its spellings.
    func index(named name: UnsafeRawBufferPointer) -> Int? {
        fields.firstIndex { $0.name.elementsEqual(name) || $0.jsonName.elementsEqual(name) }
    }

    func index(numbered number: UInt64) -> Int? {
        fields.firstIndex { $0.number == number }
    }
}

/// A field of a message.
struct FieldSchema: Sendable {
    enum Kind: Sendable, Equatable {
        case bool, int32, int64, uint32, uint64, string, bytes
        case enumeration(Int)
        case message(MessageID)
    }

    /// The name in the definition of the message, used in responses.
    let name: [UInt8]
    /// The same in lower camel case, accepted as well.
    let jsonName: [UInt8]
    let number: UInt64
    let kind: Kind
    let isRepeated: Bool
    /// The name of the oneof that the field belongs to.
    let oneof: String?

    /// Whether a field of value zero is the same as none.
    var omitsZero: Bool { oneof == nil && !isRepeated }
}

/// The names of the values of an enumeration.
struct EnumerationSchema: Sendable {
    let values: [(number: Int32, name: [UInt8])]

    func number(named name: some Sequence<UInt8>) -> Int32? {
        values.first { $0.name.elementsEqual(name) }?.number
    }

    func name(of number: Int32) -> [UInt8]? {
        values.first { $0.number == number }?.name
    }
}
