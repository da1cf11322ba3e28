/// A key or a value: bytes, or a text as UTF-8.
public protocol EtcdBytes: Sendable {
    /// The bytes that are sent.
    var etcdBytes: [UInt8] { get }
}

extension [UInt8]: EtcdBytes {
    public var etcdBytes: [UInt8] { self }
}

extension ArraySlice<UInt8>: EtcdBytes {
    public var etcdBytes: [UInt8] { Array(self) }
}

extension String: EtcdBytes {
    public var etcdBytes: [UInt8] { Array(utf8) }
}

extension Substring: EtcdBytes {
    public var etcdBytes: [UInt8] { Array(utf8) }
}
