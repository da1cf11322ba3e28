import CommandParsing
import EtcdClient

/// What the global flags say about the client.
struct ClientOptions {
    let endpoints: [String]
    var configuration = EtcdClient.Configuration()

    init(_ flags: FlagValues) async throws {
        endpoints = try await Self.endpoints(flags)
        configuration.timeout = flags.duration("command-timeout")
        configuration.dialTimeout = flags.duration("dial-timeout")
        configuration.keepaliveInterval = flags.duration("keepalive-time")
        configuration.keepaliveTimeout = flags.duration("keepalive-timeout")
        Self.setSizes(flags, &configuration)
        configuration.security = try Self.security(flags)
        configuration.credentials = try Self.credentials(flags)
    }

    /// The sizes of messages; 0 is that of the client.
    static func setSizes(_ flags: FlagValues, _ configuration: inout EtcdClient.Configuration) {
        let requestBytesMax = flags.int64("max-request-bytes")
        if requestBytesMax > 0 { configuration.requestBytesMax = Int(requestBytesMax) }
        let responseBytesMax = flags.int64("max-recv-bytes")
        if responseBytesMax > 0 { configuration.responseBytesMax = Int(responseBytesMax) }
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
        let token = flags.string("auth-jwt-token")
        guard token.isEmpty else { return .token(token) }
        return try credentials(
            user: flags.string("user"), password: flags.string("password"), prompt: "Password: ")
    }

    /// A user as `name`, `name:password` or `name` with its password, which is asked for if there
    /// is none. A user with an empty password counts as none.
    static func credentials(
        user: String, password: String, prompt: String
    ) throws(ToolFailure) -> EtcdClient.Credentials? {
        guard !user.isEmpty else { return nil }
        guard password.isEmpty else { return .password(name: user, password: password) }
        let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let given = parts.count == 2 ? String(parts[1]) : Terminal.password(prompt)
        return name.isEmpty || given.isEmpty ? nil : .password(name: name, password: given)
    }
}
