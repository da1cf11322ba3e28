package import EtcdAPI
package import SwiftProtobuf

extension ResponseFormatter {
    package func authStatus(
        _ response: Etcdserverpb_AuthStatusResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("Authentication Status: \(response.enabled)")
        simple.line("AuthRevision: \(response.authRevision)")
        var json = GoObject(header: response.header)
        json.add("enabled", response.enabled)
        json.add("authRevision", response.authRevision)
        return try output(simple: simple, fields: nil, json: json, message: response)
    }

    /// A response that only says that something is done.
    package func done(
        _ text: String, _ header: Etcdserverpb_ResponseHeader, _ message: some Message
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line(text)
        return try output(
            simple: simple, fields: self.header(header), json: GoObject(header: header),
            message: message)
    }

    package func user(
        _ name: String, _ response: Etcdserverpb_AuthUserGetResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("User: \(name)")
        simple.line((["Roles:"] + response.roles).joined(separator: " "))
        var json = GoObject(header: response.header)
        json.add("roles", response.roles)
        return try output(simple: simple, fields: nil, json: json, message: response)
    }

    package func users(
        _ response: Etcdserverpb_AuthUserListResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        for user in response.users { simple.line(user) }
        var json = GoObject(header: response.header)
        json.add("users", response.users)
        return try output(simple: simple, fields: nil, json: json, message: response)
    }

    package func roles(
        _ response: Etcdserverpb_AuthRoleListResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        for role in response.roles { simple.line(role) }
        var fields = header(response.header)
        let names = response.roles.map { goQuoted($0.utf8) }
        fields.line((["\"Roles\" :"] + names).joined(separator: " "))
        var json = GoObject(header: response.header)
        json.add("roles", response.roles)
        return try output(simple: simple, fields: fields, json: json, message: response)
    }

    package func role(
        _ name: String, _ response: Etcdserverpb_AuthRoleGetResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("Role \(name)")
        simple.line("KV Read:")
        for permission in response.perm where permission.permType != .write {
            simple.line(bytes: Self.range(permission))
        }
        simple.line("KV Write:")
        for permission in response.perm where permission.permType != .read {
            simple.line(bytes: Self.range(permission))
        }
        var fields = header(response.header)
        for permission in response.perm {
            fields.field("PermType", " " + Self.name(permission.permType))
            fields.field("Key", goQuoted(permission.key))
            fields.field("RangeEnd", goQuoted(permission.rangeEnd))
        }
        var json = GoObject(header: response.header)
        json.add("perm", response.perm.map { GoObject($0) })
        return try output(simple: simple, fields: fields, json: json, message: response)
    }

    private static func name(_ kind: Authpb_Permission.TypeEnum) -> String {
        switch kind {
        case .read: "READ"
        case .write: "WRITE"
        case .readwrite: "READWRITE"
        case .UNRECOGNIZED(let number): "\(number)"
        }
    }

    /// The keys of a permission: `foo`, `[a, b)`, `[a, b) (prefix a)` or `[a, <open ended>`.
    private static func range(_ permission: Authpb_Permission) -> [UInt8] {
        let key = Array(permission.key)
        let end = Array(permission.rangeEnd)
        guard !end.isEmpty else { return Array("\t".utf8) + key }
        var text = Array("\t[".utf8) + key
        text += end == [0] ? Array(", <open ended>".utf8) : Array(", ".utf8) + end + [0x29]
        if !key.isEmpty, end == prefixEnd(key) { text += Array(" (prefix ".utf8) + key + [0x29] }
        return text
    }

    /// The first key behind all that begin with a prefix.
    private static func prefixEnd(_ prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        while let last = end.popLast() {
            if last < 0xFF { return end + [last + 1] }
        }
        return [0]
    }
}
