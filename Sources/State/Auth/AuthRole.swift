package import EtcdAPI

/// A role as it is stored (authpb.Role).
package struct AuthRole: WireMessage, Equatable {
    package var name: AuthName
    /// Permissions, ascending by key; those of one key in etcd's order, see `PermissionOrder`.
    package var permissions: [AuthPermission]

    package init() { self.init(name: AuthName("")) }

    package init(name: AuthName, permissions: [AuthPermission] = []) {
        self.name = name
        self.permissions = permissions
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = AuthName(try reader.string())
            case .bytes(2): permissions.append(try reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = WireSize.string(name.text, field: 1)
        for permission in permissions { size += WireSize.message(permission, field: 2) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendString(name.text, field: 1)
        for permission in permissions { writer.appendMessage(permission, field: 2) }
    }
}

/// A permission of a role on a key or a range (authpb.Permission).
package struct AuthPermission: WireMessage, Equatable {
    /// What a permission allows; unknown numbers are stored, and allow nothing.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static var read: Kind { Kind(rawValue: 0) }
        package static var write: Kind { Kind(rawValue: 1) }
        package static var readWrite: Kind { Kind(rawValue: 2) }
    }

    package var kind: Kind
    package var key: [UInt8]
    /// As in a RangeRequest.
    package var rangeEnd: [UInt8]

    package init() { self.init(.read, key: []) }

    package init(_ kind: Kind, key: [UInt8], rangeEnd: [UInt8] = []) {
        self.kind = kind
        self.key = key
        self.rangeEnd = rangeEnd
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): kind = Kind(rawValue: try reader.int32())
            case .bytes(2): key = try reader.array()
            case .bytes(3): rangeEnd = try reader.array()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.int64(Int64(kind.rawValue), field: 1) + WireSize.bytes(key.count, field: 2)
            + WireSize.bytes(rangeEnd.count, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(Int64(kind.rawValue), field: 1)
        writer.appendBytes(key, field: 2)
        writer.appendBytes(rangeEnd, field: 3)
    }
}

extension AuthPermission {
    /// Whether it may be granted: it has a key, and its range is not empty.
    package var isGrantable: Bool {
        guard !key.isEmpty else { return false }
        return rangeEnd.isEmpty || rangeEnd == [0] || key.lexicographicallyPrecedes(rangeEnd)
    }
}
