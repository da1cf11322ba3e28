import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting

extension CommandTree {
    static let roleActions: [String: Action] = [
        "role add": { try await RoleCommands.add($0) },
        "role delete": { try await RoleCommands.delete($0) },
        "role get": { try await RoleCommands.get($0) },
        "role list": { try await RoleCommands.list($0) },
        "role grant-permission": { try await RoleCommands.grant($0) },
        "role revoke-permission": { try await RoleCommands.revoke($0) },
    ]
}

/// The commands of roles.
enum RoleCommands {
    static func add(_ invocation: Invocation) async throws {
        try UserCommands.count(
            1, invocation, "role add command requires role name as its argument")
        var request = Etcdserverpb_AuthRoleAddRequest()
        request.name = invocation.arguments[0]
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthRoleAddResponse = try await invocation.withClient {
            try await $0.unary(.roleAdd, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("Role \(sent.name) created", response.header, response)
        }
    }

    static func delete(_ invocation: Invocation) async throws {
        try UserCommands.count(
            1, invocation, "role delete command requires role name as its argument")
        var request = Etcdserverpb_AuthRoleDeleteRequest()
        request.role = invocation.arguments[0]
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthRoleDeleteResponse = try await invocation.withClient {
            try await $0.unary(.roleDelete, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("Role \(sent.role) deleted", response.header, response)
        }
    }

    static func get(_ invocation: Invocation) async throws {
        try UserCommands.count(
            1, invocation, "role get command requires role name as its argument")
        let formatter = try await invocation.formatter()
        try await invocation.withClient { client in
            try await print(invocation.arguments[0], client, invocation, formatter)
        }
    }

    /// Prints the permissions of a role.
    static func print(
        _ role: String, _ client: EtcdClient, _ invocation: Invocation,
        _ formatter: ResponseFormatter
    ) async throws {
        var request = Etcdserverpb_AuthRoleGetRequest()
        request.role = role
        let response: Etcdserverpb_AuthRoleGetResponse = try await client.unary(.roleGet, request)
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.role(role, response)
        }
    }

    static func list(_ invocation: Invocation) async throws {
        try UserCommands.count(0, invocation, "role list command requires no arguments")
        let formatter = try await invocation.formatter()
        let response: Etcdserverpb_AuthRoleListResponse = try await invocation.withClient {
            try await $0.unary(.roleList, Etcdserverpb_AuthRoleListRequest())
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.roles(response) }
    }

    static func grant(_ invocation: Invocation) async throws {
        let arguments = invocation.arguments
        guard arguments.count >= 3 else {
            throw ToolFailure.arguments(
                "role grant command requires role name, permission type, and key [endkey] as its "
                    + "argument")
        }
        var request = Etcdserverpb_AuthRoleGrantPermissionRequest()
        request.name = arguments[0]
        switch arguments[1].uppercased() {
        case "READ": request.perm.permType = .read
        case "WRITE": request.perm.permType = .write
        case "READWRITE": request.perm.permType = .readwrite
        default: throw ToolFailure.arguments("invalid permission type: \(arguments[1])")
        }
        let keys = try keys(Array(arguments.dropFirst(2)), invocation.flags)
        request.perm.key.append(contentsOf: keys.start)
        request.perm.rangeEnd.append(contentsOf: keys.end)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthRoleGrantPermissionResponse =
            try await invocation.withClient { try await $0.unary(.roleGrantPermission, sent) }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("Role \(sent.name) updated", response.header, response)
        }
    }

    static func revoke(_ invocation: Invocation) async throws {
        let arguments = invocation.arguments
        guard arguments.count >= 2 else {
            throw ToolFailure.arguments(
                "role revoke-permission command requires role name and key [endkey] as its argument"
            )
        }
        var request = Etcdserverpb_AuthRoleRevokePermissionRequest()
        request.role = arguments[0]
        let keys = try keys(Array(arguments.dropFirst()), invocation.flags)
        request.key.append(contentsOf: keys.start)
        request.rangeEnd.append(contentsOf: keys.end)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthRoleRevokePermissionResponse =
            try await invocation.withClient { try await $0.unary(.roleRevokePermission, sent) }
        let text = revoked(arguments[1], keys.end, sent.role)
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done(text, response.header, response)
        }
    }

    private static func revoked(_ start: String, _ last: [UInt8], _ role: String) -> String {
        if last.isEmpty { return "Permission of key \(start) is revoked from role \(role)" }
        let end = last == [0] ? "<open ended>" : String(argument: last) + ")"
        return "Permission of range [\(start), \(end) is revoked from role \(role)"
    }

    /// Key and optional end, or one key with `--prefix` or `--from-key`.
    private static func keys(
        _ arguments: [String], _ flags: FlagValues
    ) throws(ToolFailure) -> KeyRange {
        let (isPrefix, isOpen) = (flags.bool("prefix"), flags.bool("from-key"))
        if isPrefix, isOpen, arguments.count == 1 || arguments[0].isEmpty {
            throw .arguments("--from-key and --prefix flags are mutually exclusive")
        }
        // etcdctl ignores an end behind an empty key.
        if arguments[0].isEmpty { return isPrefix || isOpen ? .all : .key([0]) }
        guard arguments.count == 1 || !(isPrefix || isOpen) else {
            let flag = isPrefix ? "--prefix" : "--from-key"
            throw .arguments("unexpected endkey argument with \(flag) flag")
        }
        let key = arguments[0].argumentBytes
        if isPrefix { return .prefix(key) }
        if isOpen { return .from(key) }
        return arguments.count > 1
            ? .range(key, upTo: arguments[1].argumentBytes) : .key(key)
    }
}
