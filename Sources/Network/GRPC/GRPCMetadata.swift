/// The names of the request metadata that a server keeps; other fields are only validated. HPACK
/// lets a client repeat a field for almost nothing, so a server keeps what it reads.
struct GRPCMetadataNames: Sendable {
    private let names: [[UInt8]]

    init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
    }

    func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        for kept in names where kept.count == name.count {
            if kept.withUnsafeBytes({ GRPCMethodTable.equal($0, name) }) { return true }
        }
        return false
    }
}

/// The metadata of a call: names and values as received bytes, searched by comparing bytes.
///
/// Fields are stored consecutively in one buffer; a String is only created on access.
package struct GRPCMetadata: Sendable {
    private struct Field {
        var start: Int
        var nameCount: Int
        var valueCount: Int
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    package init() {}

    /// Metadata with the given names (lower case) and values.
    package init(_ list: [(String, String)]) {
        for (name, value) in list {
            var name = name
            var value = value
            name.withUTF8 { name in
                value.withUTF8 { value in
                    append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer(value))
                }
            }
        }
    }

    /// The number of fields.
    package var count: Int { fields.count }

    /// The first value of `name` (lower case); nil if the metadata lacks it.
    package func first(_ name: StaticString) -> String? {
        let searched = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        guard let index = index(of: searched) else { return nil }
        return value(at: index)
    }

    /// The first value of a name that is not a literal.
    package func first(named name: String) -> String? {
        var name = name
        return name.withUTF8 { searched in
            index(of: UnsafeRawBufferPointer(searched)).map(value(at:))
        }
    }

    /// All fields in the received order.
    package var all: [(name: String, value: String)] {
        fields.indices.map { index in
            let field = fields[index]
            let name = bytes[field.start..<field.start + field.nameCount]
            return (String(decoding: name, as: UTF8.self), value(at: index))
        }
    }

    mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        fields.append(
            Field(start: bytes.count, nameCount: name.count, valueCount: value.count))
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
    }

    func contains(_ name: UnsafeRawBufferPointer) -> Bool { index(of: name) != nil }

    private func index(of name: UnsafeRawBufferPointer) -> Int? {
        for (index, field) in fields.enumerated() where field.nameCount == name.count {
            if bytes[field.start..<field.start + field.nameCount].elementsEqual(name) {
                return index
            }
        }
        return nil
    }

    private func value(at index: Int) -> String {
        let field = fields[index]
        let start = field.start + field.nameCount
        return String(decoding: bytes[start..<start + field.valueCount], as: UTF8.self)
    }
}
