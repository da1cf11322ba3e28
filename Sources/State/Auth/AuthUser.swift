package import EtcdAPI

/// A user as it is stored (authpb.User).
package struct AuthUser: WireMessage, Equatable {
    package var name: AuthName
    /// The bcrypt text of the password; empty if no password fits.
    package var password: [UInt8]
    /// Names of the granted roles, ascending.
    package var roles: [AuthName] {
        didSet { hasRootRole = roles.containsSorted(.root) }
    }
    /// Absent in users of etcd before 3.4.
    package var options: AuthUserOptions?
    /// Whether the user may do everything.
    package private(set) var hasRootRole: Bool

    package init() { self.init(name: AuthName("")) }

    package init(
        name: AuthName, password: [UInt8] = [], roles: [AuthName] = [],
        options: AuthUserOptions? = nil
    ) {
        self.name = name
        self.password = password
        self.roles = roles
        self.options = options
        hasRootRole = roles.containsSorted(.root)
    }

    /// Whether the user can only be identified by a certificate.
    package var hasNoPassword: Bool { options?.noPassword ?? false }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = AuthName(try reader.string())
            case .bytes(2): password = try reader.array()
            case .bytes(3): roles.append(AuthName(try reader.string()))
            case .bytes(4): try reader.message(into: &options)
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = WireSize.string(name.text, field: 1) + WireSize.bytes(password.count, field: 2)
        for role in roles { size += WireSize.explicitBytes(role.text.utf8.count, field: 3) }
        if let options { size += WireSize.message(options, field: 4) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendString(name.text, field: 1)
        writer.appendBytes(password, field: 2)
        for role in roles {
            writer.appendLength(role.text.utf8.count, field: 3)
            writer.append(Array(role.text.utf8))
        }
        if let options { writer.appendMessage(options, field: 4) }
    }
}

/// Options of a user (authpb.UserAddOptions).
package struct AuthUserOptions: WireMessage, Equatable {
    package var noPassword: Bool

    package init() { noPassword = false }

    package init(noPassword: Bool) { self.noPassword = noPassword }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): noPassword = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int { WireSize.bool(noPassword, field: 1) }

    package func encode(into writer: inout WireWriter) {
        writer.appendBool(noPassword, field: 1)
    }
}
