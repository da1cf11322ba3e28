import EtcdAPI
import EtcdClient
import TestSupport
import Testing

/// Users, roles and tokens.
@Suite("Users", .serialized)
struct AuthenticationTests {
    private static let servers = ServerKind.available

    private func configuration(_ name: String, _ password: String) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration()
        configuration.credentials = .password(name: name, password: password)
        return configuration
    }

    private func addUsers(_ client: EtcdClient) async throws {
        try await client.addUser("root", password: "rp")
        try await client.grantRole("root", to: "root")
        try await client.addRole("reader")
        try await client.grantPermission(Permission(.read, .prefix("a/")), to: "reader")
        try await client.addUser("ann", password: "ap")
        try await client.grantRole("reader", to: "ann")
        try await client.put("a/1", "x")
    }

    @Test(arguments: servers)
    func usersSeeWhatTheirRolesAllow(kind: ServerKind) async throws {
        let flags = ["--auth-token-ttl", "2", "--bcrypt-cost", "4"]
        try await withCluster(kind, flags: flags) { client, cluster in
            await expect(reason: .rootMissing) { try await client.enableAuth() }
            try await addUsers(client)
            #expect(try await client.users() == ["ann", "root"])
            #expect(try await client.roles(of: "ann") == ["reader"])
            let permissions = try await client.permissions(of: "reader")
            #expect(permissions == [Permission(.read, .prefix("a/"))])
            try await client.enableAuth()
            await expect(reason: .userRequired) { try await client.get("a/1") }
            try await EtcdClient.withClient(
                endpoints: cluster.endpoints, configuration: configuration("ann", "ap")
            ) { ann in
                #expect(try await ann.get("a/1")?.text == "x")
                await expect(reason: .permissionDenied) { try await ann.put("a/1", "y") }
                await expect(reason: .permissionDenied) {
                    for try await _ in ann.watch(.key("b")) {}
                }
                // The token expires; another one is fetched.
                try await Task.sleep(for: .seconds(4))
                #expect(try await ann.get("a/1")?.text == "x")
            }
            try await EtcdClient.withClient(
                endpoints: cluster.endpoints, configuration: configuration("ann", "wrong")
            ) { other in
                await expect(reason: .authenticationFailed) { try await other.get("a/1") }
            }
            try await EtcdClient.withClient(
                endpoints: cluster.endpoints, configuration: configuration("root", "rp")
            ) { try await $0.disableAuth() }
        }
    }

    @Test(arguments: servers)
    func signedTokensAreRenewedAndGivenByOthers(kind: ServerKind) async throws {
        let files = try Files()
        let key = try files.write("jwt.key", try Issued.selfSigned().keyPEM)
        let flags = [
            "--auth-token", "jwt,priv-key=\(key),sign-method=ES256,ttl=3s", "--bcrypt-cost", "4",
        ]
        try await withCluster(kind, flags: flags) { client, cluster in
            try await addUsers(client)
            try await client.enableAuth()
            try await EtcdClient.withClient(
                endpoints: cluster.endpoints, configuration: configuration("ann", "ap")
            ) { ann in
                #expect(try await ann.get("a/1")?.text == "x")
                // The token expires; another one is fetched.
                try await Task.sleep(for: .seconds(4))
                #expect(try await ann.get("a/1")?.text == "x")
            }
            try await useTokens(of: client, cluster)
        }
    }

    /// A token that is used as it is ends some time; one that a closure gives is replaced.
    private func useTokens(of client: EtcdClient, _ cluster: TestCluster) async throws {
        var request = Etcdserverpb_AuthenticateRequest()
        request.name = "ann"
        request.password = "ap"
        let login = request
        let response: Etcdserverpb_AuthenticateResponse = try await client.unary(
            .authenticate, login)
        var configuration = EtcdClient.Configuration()
        configuration.credentials = .token(response.token)
        try await EtcdClient.withClient(
            endpoints: cluster.endpoints, configuration: configuration
        ) { ann in
            #expect(try await ann.get("a/1")?.text == "x")
            try await Task.sleep(for: .seconds(4))
            await expect(reason: .invalidToken) { try await ann.get("a/1") }
        }
        configuration.credentials = .tokens {
            let response: Etcdserverpb_AuthenticateResponse = try await client.unary(
                .authenticate, login)
            return response.token
        }
        try await EtcdClient.withClient(
            endpoints: cluster.endpoints, configuration: configuration
        ) { ann in
            #expect(try await ann.get("a/1")?.text == "x")
            try await Task.sleep(for: .seconds(4))
            #expect(try await ann.get("a/1")?.text == "x")
        }
    }

    @Test(arguments: servers)
    func credentialsAreIgnoredWhileAuthenticationIsDisabled(kind: ServerKind) async throws {
        try await withCluster(kind) { client, cluster in
            try await addUsers(client)
            try await EtcdClient.withClient(
                endpoints: cluster.endpoints, configuration: configuration("root", "rp")
            ) { root in
                #expect(try await root.get("a/1") != nil)
                try await root.enableAuth()
                #expect(try await root.authStatus().isEnabled)
                try await root.withWatch(.prefix("a/")) { watch in
                    var iterator = watch.makeAsyncIterator()
                    try await root.put("a/2", "y")
                    #expect(try await iterator.next()?.events.first?.pair.text == "y")
                }
            }
        }
    }
}
