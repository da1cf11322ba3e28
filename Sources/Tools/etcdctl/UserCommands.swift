import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

extension CommandTree {
    static let userActions: [String: Action] = [
        "auth enable": { try await AuthCommands.enable($0) },
        "auth disable": { try await AuthCommands.disable($0) },
        "auth status": { try await AuthCommands.status($0) },
        "user add": { try await UserCommands.add($0) },
        "user delete": { try await UserCommands.delete($0) },
        "user get": { try await UserCommands.get($0) },
        "user list": { try await UserCommands.list($0) },
        "user passwd": { try await UserCommands.changePassword($0) },
        "user grant-role": { try await UserCommands.grantRole($0) },
        "user revoke-role": { try await UserCommands.revokeRole($0) },
    ]
}

/// auth enable, disable and status.
enum AuthCommands {
    static func enable(_ invocation: Invocation) async throws {
        guard invocation.arguments.isEmpty else {
            throw ToolFailure.arguments("auth enable command does not accept any arguments")
        }
        _ = try await invocation.formatter()
        try await invocation.withClient { client in
            do throws(EtcdClientError) {
                try await client.enableAuth()
            } catch {
                guard error.message == EtcdError.rootRoleNotExist.message else { throw error }
                try await addRootRole(client)
                try await client.enableAuth()
            }
        }
        StandardOutput.line("Authentication Enabled")
    }

    /// As etcd's client: the user `root` gets the role that it needs.
    private static func addRootRole(_ client: EtcdClient) async throws(EtcdClientError) {
        do throws(EtcdClientError) {
            try await client.addRole("root")
        } catch {
            guard error.reason == .roleExists else { throw error }
        }
        try await client.grantRole("root", to: "root")
    }

    static func disable(_ invocation: Invocation) async throws {
        guard invocation.arguments.isEmpty else {
            throw ToolFailure.arguments("auth disable command does not accept any arguments")
        }
        _ = try await invocation.formatter()
        try await invocation.withClient { try await $0.disableAuth() }
        StandardOutput.line("Authentication Disabled")
    }

    static func status(_ invocation: Invocation) async throws {
        guard invocation.arguments.isEmpty else {
            throw ToolFailure.arguments("auth status command does not accept any arguments")
        }
        let formatter = try await invocation.formatter()
        let response: Etcdserverpb_AuthStatusResponse = try await invocation.withClient {
            try await $0.unary(.authStatus, Etcdserverpb_AuthStatusRequest())
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.authStatus(response)
        }
    }
}

/// The commands of users.
enum UserCommands {
    static func add(_ invocation: Invocation) async throws {
        try count(1, invocation, "user add command requires user name as its argument")
        var request = Etcdserverpb_AuthUserAddRequest()
        request.name = invocation.arguments[0]
        request.options.noPassword = invocation.flags.bool("no-password")
        if !request.options.noPassword { try readPassword(&request, invocation.flags) }
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthUserAddResponse = try await invocation.withClient {
            try await $0.unary(.userAdd, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("User \(sent.name) created", response.header, response)
        }
    }

    /// From the flag, the argument `NAME:PASSWORD`, the standard input or the terminal.
    private static func readPassword(
        _ request: inout Etcdserverpb_AuthUserAddRequest, _ flags: FlagValues
    ) throws(ToolFailure) {
        let given = flags.string("new-user-password")
        if !given.isEmpty {
            request.password = given
            return
        }
        let parts = request.name.split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count < 2 else {
            request.name = String(parts[0])
            request.password = String(parts[1])
            guard !request.name.isEmpty else { throw .arguments("empty user name is not allowed") }
            return
        }
        request.password = try password(of: request.name, flags)
    }

    private static func password(
        of name: String, _ flags: FlagValues
    ) throws(ToolFailure) -> String {
        guard !flags.bool("interactive") else { return try Terminal.newPassword(of: name) }
        var input = StandardInput()
        return input.readWord()
    }

    static func delete(_ invocation: Invocation) async throws {
        try count(1, invocation, "user delete command requires user name as its argument")
        var request = Etcdserverpb_AuthUserDeleteRequest()
        request.name = invocation.arguments[0]
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthUserDeleteResponse = try await invocation.withClient {
            try await $0.unary(.userDelete, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("User \(sent.name) deleted", response.header, response)
        }
    }

    static func get(_ invocation: Invocation) async throws {
        try count(1, invocation, "user get command requires user name as its argument")
        var request = Etcdserverpb_AuthUserGetRequest()
        request.name = invocation.arguments[0]
        let formatter = try await invocation.formatter()
        let isDetailed = invocation.flags.bool("detail")
        let sent = request
        try await invocation.withClient { client in
            let response: Etcdserverpb_AuthUserGetResponse = try await client.unary(
                .userGet, sent)
            guard isDetailed else {
                return try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.user(sent.name, response)
                }
            }
            StandardOutput.line("User: \(sent.name)")
            for role in response.roles {
                StandardOutput.line("")
                try await RoleCommands.print(role, client, invocation, formatter)
            }
        }
    }

    static func list(_ invocation: Invocation) async throws {
        try count(0, invocation, "user list command requires no arguments")
        let formatter = try await invocation.formatter()
        let response: Etcdserverpb_AuthUserListResponse = try await invocation.withClient {
            try await $0.unary(.userList, Etcdserverpb_AuthUserListRequest())
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.users(response) }
    }

    static func changePassword(_ invocation: Invocation) async throws {
        try count(1, invocation, "user passwd command requires user name as its argument")
        var request = Etcdserverpb_AuthUserChangePasswordRequest()
        request.name = invocation.arguments[0]
        request.password = try password(of: request.name, invocation.flags)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthUserChangePasswordResponse =
            try await invocation.withClient { try await $0.unary(.userChangePassword, sent) }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done("Password updated", response.header, response)
        }
    }

    static func grantRole(_ invocation: Invocation) async throws {
        try count(
            2, invocation, "user grant command requires user name and role name as its argument")
        var request = Etcdserverpb_AuthUserGrantRoleRequest()
        request.user = invocation.arguments[0]
        request.role = invocation.arguments[1]
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthUserGrantRoleResponse = try await invocation.withClient {
            try await $0.unary(.userGrantRole, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done(
                "Role \(sent.role) is granted to user \(sent.user)", response.header, response)
        }
    }

    static func revokeRole(_ invocation: Invocation) async throws {
        try count(
            2, invocation, "user revoke-role requires user name and role name as its argument")
        var request = Etcdserverpb_AuthUserRevokeRoleRequest()
        request.name = invocation.arguments[0]
        request.role = invocation.arguments[1]
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_AuthUserRevokeRoleResponse = try await invocation.withClient {
            try await $0.unary(.userRevokeRole, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.done(
                "Role \(sent.role) is revoked from user \(sent.name)", response.header, response)
        }
    }

    /// Requires a number of arguments.
    static func count(
        _ count: Int, _ invocation: Invocation, _ text: String
    ) throws(ToolFailure) {
        guard invocation.arguments.count == count else { throw .arguments(text) }
    }
}
