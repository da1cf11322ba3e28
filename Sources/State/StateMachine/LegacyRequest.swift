package import EtcdAPI

/// A request to etcd's v2 store (etcdserverpb.Request). Members before 3.6 still propose it to
/// publish their attributes.
///
/// An entry contains it without an envelope: field 1 id, 2 method, 3 path, 4 value. Field 2 of
/// InternalRaftRequest is reserved, so a text method in field 2 distinguishes the two.
package struct LegacyRequest: WireMessage, Equatable {
    package var id: UInt64 = 0
    package var method: [UInt8] = []
    package var path: [UInt8] = []
    package var value: [UInt8] = []

    package init() {}

    /// - Returns: nil when the bytes are not such a request.
    package init?(entryData: [UInt8]) {
        guard let request = try? LegacyRequest(decoding: entryData),
            Self.methods.contains(String(decoding: request.method, as: UTF8.self))
        else { return nil }
        self = request
    }

    private static let methods: Set<String> = ["PUT", "POST", "DELETE", "QGET", "SYNC", "GET"]

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2): method = try reader.array()
            case .bytes(3): path = try reader.array()
            case .bytes(4): value = try reader.array()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.uint64(id, field: 1) + WireSize.bytes(method.count, field: 2)
            + WireSize.bytes(path.count, field: 3) + WireSize.bytes(value.count, field: 4)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendUInt64(id, field: 1)
        writer.appendBytes(method, field: 2)
        writer.appendBytes(path, field: 3)
        writer.appendBytes(value, field: 4)
    }
}
