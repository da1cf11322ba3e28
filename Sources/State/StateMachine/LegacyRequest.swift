package import EtcdAPI

/// A request to etcd's former store, as members before 3.6 still log it to publish themselves.
///
/// Its bytes stand in the entry without an envelope: field 1 id, 2 method, 3 path, 4 value. In an
/// InternalRaftRequest field 2 is reserved, so a text method in field 2 tells the two apart.
package struct LegacyRequest: Equatable, Sendable {
    package let id: UInt64
    package let method: String
    package let path: String
    package let value: String

    /// - Returns: nil when the bytes are not such a request.
    package init?(entryData: [UInt8]) {
        var id: UInt64 = 0
        var texts: [UInt32: String] = [:]
        var reader = WireReader(entryData[...])
        do {
            while let field = try reader.nextField() {
                switch (field.number, field.wireType) {
                case (1, .varint): id = try reader.varint()
                case (2...4, .lengthDelimited):
                    texts[field.number] = String(decoding: try reader.bytes(), as: UTF8.self)
                default: try reader.skip(field)
                }
            }
        } catch {
            return nil
        }
        guard let method = texts[2], Self.methods.contains(method) else { return nil }
        self.id = id
        self.method = method
        path = texts[3] ?? ""
        value = texts[4] ?? ""
    }

    private static let methods: Set<String> = ["PUT", "POST", "DELETE", "QGET", "SYNC", "GET"]
}
