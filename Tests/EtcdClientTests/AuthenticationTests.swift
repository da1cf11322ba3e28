import EtcdClient
import Testing

/// Users and roles; against a real etcd only until the server has authentication.
@Suite("Users", .serialized)
struct AuthenticationTests {
    private static let servers = ServerKind.available.filter { $0 == .etcd }

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
        try await withCluster(kind, flags: ["--auth-token-ttl", "2"]) { client, cluster in
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
