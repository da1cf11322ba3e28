/// What can be encoded in one pass of a size known before.
package protocol WireEncodable: Sendable {
    /// Bytes that `encode(into:)` appends.
    var encodedSize: Int { get }

    /// Appends the encoding, fields ascending by number.
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
/// Decoding keeps the rules of Go's protobuf, so that what etcd accepts is accepted and what it
/// refuses is refused: unknown fields and known ones of another wire type are passed over, the
/// last of a scalar or of a oneof wins, messages merge, repeated scalars come packed or not, and
/// strings are UTF-8.
package protocol WireMessage: WireEncodable {
    /// The message with no field set.
    init()

    /// Reads fields up to the end of the reader's innermost message.
    mutating func merge(from reader: inout WireReader) throws(WireError)

    /// Messages within messages that its decoding accepts.
    static var depthLimit: Int { get }
}

extension WireMessage {
    /// The limit of client requests.
    package static var depthLimit: Int { WireReader.requestDepthLimit }

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
                UnsafeRawBufferPointer(memory), owner: bytes, depthLimit: depthLimit)
            try message.merge(from: &reader)
        }
    }

    /// Reads the fields of `bytes` into `message`, copying them.
    @inline(__always)
    static func read(_ bytes: UnsafeRawBufferPointer, into message: inout Self) throws(WireError) {
        var reader = WireReader(bytes, depthLimit: depthLimit)
        try message.merge(from: &reader)
    }
}
