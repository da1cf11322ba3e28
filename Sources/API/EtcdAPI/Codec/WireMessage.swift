/// A value that can be encoded in one pass into memory of a known size.
package protocol WireEncodable: Sendable {
    /// Bytes that `encode(into:)` appends.
    var encodedSize: Int { get }

    /// Appends the encoding, with fields in ascending order of their numbers.
    func encode(into writer: inout WireWriter)
}

extension WireEncodable {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] {
        WireWriter.bytes(of: self)
    }
}

/// A message with a hand-written codec that works on bytes in place.
///
/// Decoding follows the rules of Go's protobuf, so that it accepts and rejects the same input as
/// etcd: unknown fields and known fields with another wire type are skipped, the last value of a
/// scalar or a oneof wins, messages merge, repeated scalars may be packed or not, and strings must
/// be UTF-8.
package protocol WireMessage: WireEncodable {
    /// The message with no field set.
    init()

    /// Reads fields up to the end of the reader's innermost message.
    mutating func merge(from reader: inout WireReader) throws(WireError)

    /// Nesting limit of messages when decoding.
    static var depthMax: Int { get }
}

extension WireMessage {
    /// The limit of client requests.
    package static var depthMax: Int { WireReader.requestDepthMax }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Reads the fields of `bytes` into `message`, sharing their memory.
    @inline(__always)
    static func read(_ bytes: ArraySlice<UInt8>, into message: inout Self) throws(WireError) {
        try bytes.withUnsafeBufferPointer { (memory) throws(WireError) in
            var reader = WireReader(
                UnsafeRawBufferPointer(memory), source: bytes, depthMax: depthMax)
            try message.merge(from: &reader)
        }
    }

    /// Reads the fields of `bytes` into `message`, copying them.
    @inline(__always)
    static func read(_ bytes: UnsafeRawBufferPointer, into message: inout Self) throws(WireError) {
        var reader = WireReader(bytes, depthMax: depthMax)
        try message.merge(from: &reader)
    }
}
