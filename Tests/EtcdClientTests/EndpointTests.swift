import Testing

@testable import EtcdClient

@Suite("Endpoints as etcd's client reads them")
struct EndpointTests {
    private static let paths: [(text: String, path: String, isEncrypted: Bool?)] = [
        ("unix:localhost:2379", "localhost:2379", nil),
        ("unix://localhost:2379", "localhost:2379", nil),
        ("unix:///run/etcd.sock", "/run/etcd.sock", nil),
        ("unixs:localhost:2379", "localhost:2379", true),
        ("unixs:///run/etcd.sock", "/run/etcd.sock", true),
    ]

    @Test(arguments: paths)
    func ofSockets(text: String, path: String, isEncrypted: Bool?) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.address == .unixPath(path))
        #expect(endpoint.isEncrypted == isEncrypted)
    }

    private static let hosts: [(text: String, host: String, isEncrypted: Bool?)] = [
        ("localhost:2379", "localhost", nil), ("http://localhost:2379/", "localhost", false),
        ("https://127.0.0.1:2379", "127.0.0.1", true), ("HTTPS://[::1]:2379", "::1", true),
    ]

    @Test(arguments: hosts)
    func ofHosts(text: String, host: String, isEncrypted: Bool?) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.address == .host(host, port: 2379))
        #expect(endpoint.isEncrypted == isEncrypted)
    }

    @Test(arguments: ["", "localhost", ":2379", "http://", "ftp://localhost:1", "a/b:1", "a:65536"])
    func thatCannotBeUsed(text: String) {
        #expect(throws: EtcdClientError.self) { try Endpoint(text) }
    }
}
