/// Appends fields of protobuf messages.
struct ProtobufBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ field: UInt64, text: String) {
        guard !text.isEmpty else { return }
        append(field, bytes: text.utf8)
    }

    mutating func append(_ field: UInt64, bytes content: some Collection<UInt8>) {
        append(varint: field << 3 | 2)
        append(varint: UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// A number or flag, also if it is 0.
    mutating func append(_ field: UInt64, varint value: UInt64) {
        append(varint: field << 3)
        append(varint: value)
    }

    mutating func append(_ field: UInt64, fixed64 value: UInt64) {
        append(varint: field << 3 | 1)
        append(littleEndian: value)
    }

    mutating func append(_ field: UInt64, fixed32 value: UInt32) {
        append(varint: field << 3 | 5)
        append(littleEndian: value)
    }

    mutating func append(_ field: UInt64, _ body: (inout ProtobufBytes) -> Void) {
        var message = ProtobufBytes()
        body(&message)
        append(field, bytes: message.bytes)
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func append(littleEndian value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    static func bigEndian(_ values: UInt64...) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.bigEndian, Array.init) }
    }
}
