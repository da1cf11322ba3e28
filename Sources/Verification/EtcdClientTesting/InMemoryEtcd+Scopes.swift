public import EtcdClient
public import Logging

/// Runs `body` with a client of a new etcd, which is in this process and in memory.
///
///     try await withEtcd { client in
///         try await client.put("greeting", "hello")
///         #expect(try await client.get("greeting")?.text == "hello")
///     }
///
/// - Parameters:
///   - configuration: of the client.
///   - logger: of the client; nil logs nothing.
/// - Throws: the errors of `body`.
@discardableResult
public func withEtcd<Result: Sendable>(
    configuration: EtcdClient.Configuration = EtcdClient.Configuration(), logger: Logger? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (EtcdClient) async throws -> Result
) async throws -> Result {
    try await withInMemoryEtcd { etcd in
        try await EtcdClient.withClient(
            endpoints: [etcd.endpoint], configuration: configuration, logger: logger, body)
    }
}

/// Runs `body` with a new etcd in this process, for tests that make their clients themselves, or
/// stop and start the member.
///
/// - Throws: the errors of `body`.
@discardableResult
public func withInMemoryEtcd<Result: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (InMemoryEtcd) async throws -> Result
) async throws -> Result {
    let etcd = try await InMemoryEtcd()
    do {
        let result = try await body(etcd)
        await etcd.stop()
        return result
    } catch {
        await etcd.stop()
        throw error
    }
}
