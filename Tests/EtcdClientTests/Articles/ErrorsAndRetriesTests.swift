import EtcdClient
import EtcdClientTesting
import Testing

@Suite("Articles: errors and retries")
struct ErrorsAndRetriesTests {
    @Test func reasons() async throws {
        try await withEtcd { client in
            do throws(EtcdClientError) {
                try await client.put("", "a key is missing")
                Issue.record("an empty key was accepted")
            } catch {
                switch error.reason {
                case .emptyKey: break
                case .noSpace, .tooManyRequests: try await Task.sleep(for: .seconds(1))
                case _ where error.isCertainlyNotExecuted: break  // May be repeated.
                default: throw error
                }
            }
        }
    }

    @Test func configuration() async throws {
        try await withInMemoryEtcd { etcd in
            let endpoints = [etcd.endpoint]
            var configuration = EtcdClient.Configuration()
            configuration.timeout = .seconds(2)
            configuration.retries.retriesMax = 5
            configuration.failsWithoutConnection = true
            try await EtcdClient.withClient(
                endpoints: endpoints, configuration: configuration
            ) { client in
                try await client.put("a", "1", timeout: .milliseconds(500))
            }
        }
    }
}
