import CommandParsing
import EtcdClient

/// What the global flags say about the client.
struct ClientOptions {
    let endpoints: [String]
    var configuration = EtcdClient.Configuration()

    init(_ invocation: Invocation) async throws {
        let flags = invocation.flags
        endpoints = try await Self.endpoints(flags)
        guard !endpoints.isEmpty else {
            throw ToolFailure.connection("etcdclient: no available endpoints")
        }
        configuration.timeout = flags.duration("command-timeout")
        configuration.dialTimeout = flags.duration("dial-timeout")
        configuration.keepaliveInterval = flags.duration("keepalive-time")
        configuration.keepaliveTimeout = flags.duration("keepalive-timeout")
        let bytesMax = flags.int64("max-recv-bytes")
        if bytesMax > 0 { configuration.responseBytesMax = Int(bytesMax) }
        configuration.security = try Self.security(flags)
        configuration.credentials = try Self.credentials(flags)
    }

    private static func endpoints(_ flags: FlagValues) async throws -> [String] {
        let domain = flags.string("discovery-srv")
        guard !domain.isEmpty else {
            return flags.list("endpoints").map { $0.filter { !$0.isWhitespace } }
        }
        do throws(EtcdClientError) {
            return try await EtcdClient.discoverEndpoints(
                domain: domain, serviceName: flags.string("discovery-srv-name"),
                allowsPlaintext: flags.bool("insecure-discovery"))
        } catch {
            throw ToolFailure.operation(error.message)
        }
    }

    private static func security(
        _ flags: FlagValues
    ) throws(ToolFailure) -> EtcdClient.Security? {
        for name in ["cert", "key", "cacert"]
        where flags.isGiven(name) && flags.string(name).isEmpty {
            throw .arguments("empty string is passed to --\(name) option")
        }
        func file(_ name: String) -> String? {
            flags.string(name).isEmpty ? nil : flags.string(name)
        }
        var security = EtcdClient.Security()
        security.certificateFile = file("cert")
        security.keyFile = file("key")
        security.authoritiesFile = file("cacert")
        security.skipsVerification = flags.bool("insecure-skip-tls-verify")
        let isNeeded =
            file("cert") != nil || file("key") != nil || file("cacert") != nil
            || !flags.bool("insecure-transport") || security.skipsVerification
        return isNeeded ? security : nil
    }

    private static func credentials(
        _ flags: FlagValues
    ) throws(ToolFailure) -> EtcdClient.Credentials? {
        let user = flags.string("user")
        let token = flags.string("auth-jwt-token")
        guard token.isEmpty || user.isEmpty else {
            throw .operation("cannot use both \"user\" and \"auth-jwt-token\" flags")
        }
        if !token.isEmpty { return .token(token) }
        guard !user.isEmpty else { return nil }
        let given = flags.string("password")
        guard given.isEmpty else { return .password(name: user, password: given) }
        let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            return .password(name: String(parts[0]), password: String(parts[1]))
        }
        return .password(name: user, password: try Terminal.password("Password: "))
    }
}
