import MonotonicClock
import Testing

@testable import DNS

@Suite("SRV records")
struct DNSTests {
    private static let records = [
        ServiceRecord(priority: 10, weight: 5, port: 2380, target: "b.example."),
        ServiceRecord(priority: 10, weight: 60, port: 2380, target: "a.example."),
        ServiceRecord(priority: 1, weight: 0, port: 12380, target: "c.example."),
    ]
    private static let name = "_etcd-server._tcp.example.com."

    private func lookup(
        _ names: [String: NameServer.Behaviour], service: String = "etcd-server",
        domain: String = "example.com", edit: (inout ResolverConfiguration) -> Void = { _ in }
    ) throws -> [ServiceRecord] {
        let server = try NameServer(names)
        defer { server.stop() }
        var configuration = server.configuration
        edit(&configuration)
        return try ServiceLookup(configuration).records(service: service, domain: domain)
    }

    @Test func returnsRecordsInOrderOfUse() throws {
        let found = try lookup([Self.name: .records(Self.records)])
        #expect(found.map(\.target) == ["c.example.", "a.example.", "b.example."])
        #expect(found.first == Self.records[2])
    }

    @Test func fallsBackToTCPForTruncatedResponses() throws {
        let many = (0..<200).map {
            ServiceRecord(priority: 0, weight: 0, port: UInt16($0), target: "host\($0).example.")
        }
        #expect(try lookup([Self.name: .truncated(many)]).count == 200)
    }

    @Test func ignoresForgedResponses() throws {
        let found = try lookup([Self.name: .forgedFirst(Self.records)])
        #expect(Set(found) == Set(Self.records))
    }

    @Test func reportsWhyTheLookupFailed() throws {
        #expect(throws: DNSError.notFound(name: "_etcd-server._tcp.example.com")) {
            try lookup([:])
        }
        #expect(throws: DNSError.notFound(name: "_etcd-server._tcp.example.com")) {
            try lookup([Self.name: .records([])])
        }
        let name = "_etcd-server._tcp.example.com"
        #expect(throws: DNSError.noResponse(name: name, reason: "server misbehaving")) {
            try lookup([Self.name: .code(2)])
        }
        #expect {
            try lookup([Self.name: .noResponse])
        } throws: { error in
            guard case DNSError.noResponse(_, let reason) = error else { return false }
            return reason.hasSuffix("did not respond")
        }
        #expect(throws: DNSError.invalidName("_etcd-server._tcp.a..b")) {
            try lookup([:], domain: "a..b")
        }
        #expect(
            DNSError.notFound(name: name).description
                == "lookup _etcd-server._tcp.example.com: no such host")
    }

    @Test func queriesTheNextServerAfterATimeout() throws {
        let silent = try NameServer([Self.name: .noResponse])
        defer { silent.stop() }
        let found = try lookup([Self.name: .records(Self.records)]) {
            $0.servers.insert(.init(address: "127.0.0.1", port: silent.port), at: 0)
        }
        #expect(found.count == 3)
    }

    @Test func triesTheSearchDomains() throws {
        let found = try lookup(
            ["_etcd-server._tcp.cluster.example.com.": .records(Self.records)], domain: "cluster"
        ) {
            $0.searchDomains = ["nowhere.example.", "example.com."]
        }
        #expect(found.count == 3)
    }

    @Test func parsesResolvConf() {
        let read = ResolverConfiguration(
            """
            # a comment
            nameserver 10.0.0.1
            nameserver fe80::1%eth0
            ; another
            search svc.cluster.local cluster.local.
            options ndots:5 timeout:1 attempts:99 rotate
            nameserver 10.0.0.3
            nameserver 10.0.0.4
            """)
        #expect(read.servers.map(\.address) == ["10.0.0.1", "fe80::1%eth0", "10.0.0.3"])
        #expect(read.searchDomains == ["svc.cluster.local.", "cluster.local."])
        #expect((read.dotsMin, read.timeout, read.attempts) == (5, .seconds(1), 5))
        #expect(
            read.candidates(for: "a.b") == [
                "a.b.svc.cluster.local.", "a.b.cluster.local.", "a.b.",
            ])
        #expect(read.candidates(for: "a.b.") == ["a.b."])
        #expect(ResolverConfiguration("").servers.map(\.address) == ["127.0.0.1", "::1"])
    }

    @Test func rejectsMalformedMessages() throws {
        let question = try #require(DNSQuestion(id: 0x0102, name: Self.name))
        let body = Message.name(Self.name) + [0, 33, 0, 1]
        let whole = Message.response([1, 2], body, Self.records)
        #expect(DNSResponse(decoding: whole, to: question)?.records == Self.records)
        for count in 0..<whole.count {
            #expect(
                DNSResponse(decoding: Array(whole.prefix(count)), to: question) == nil, "\(count)")
        }
        // A CNAME record is skipped.
        let alias = [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 1, 0, 2, 0xC0, 12] as [UInt8]
        let service = Message.record(owner: Message.name("other.example."), Self.records[0])
        let head = [1, 2, 0x85, 0x80, 0, 1, 0, 2, 0, 0, 0, 0] as [UInt8]
        #expect(
            DNSResponse(decoding: head + body + alias + service, to: question)?.records
                == [Self.records[0]])
        // A name that points to itself, or forward, does not terminate.
        let loop = [0xC0, UInt8(12 + body.count)] + Array(alias.dropFirst(2))
        #expect(DNSResponse(decoding: head + body + loop + service, to: question) == nil)
    }

    @Test func namesHaveLimits() {
        #expect(DNSQuestion(id: 1, name: String(repeating: "a", count: 64)) == nil)
        #expect(DNSQuestion(id: 1, name: String(repeating: "abcdefg.", count: 32)) == nil)
        #expect(DNSQuestion(id: 1, name: "") == nil)
        #expect(DNSQuestion(id: 1, name: String(repeating: "a", count: 63) + ".") != nil)
    }
}
