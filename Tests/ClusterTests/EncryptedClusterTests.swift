import Identifiers
import NIOCore
import TLS
import TestSupport
import Testing

@testable import EtcdServer

/// Three members in one process whose peer traffic is encrypted, on real disks and sockets.
@Suite("Clusters with encrypted peers", .serialized)
struct EncryptedClusterTests {
    private static let names = ["m1", "m2", "m3"]

    /// The TLS of each member, with certificates of one authority.
    private static func endpoints(_ files: Files) throws -> [String: TLSEndpointConfiguration] {
        let authority = try Issued.selfSigned()
        try files.write("ca.crt", authority.pem)
        var endpoints: [String: TLSEndpointConfiguration] = [:]
        for name in names {
            let issued = try authority.issue(.server)
            var endpoint = TLSEndpointConfiguration()
            endpoint.certificateFile = try files.write("\(name).crt", issued.pem)
            endpoint.keyFile = try files.write("\(name).key", issued.keyPEM)
            endpoint.trustedCAFile = files.path("ca.crt")
            endpoint.requiresClientCertificate = true
            endpoints[name] = endpoint
        }
        return endpoints
    }

    private static func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    private static func leader(_ members: [EncryptedMember]) async throws -> EncryptedMember {
        let isElected = try await eventually {
            members.contains { $0.runtime.replicaStatus.isLeader }
        }
        #expect(isElected)
        return try #require(members.first { $0.runtime.replicaStatus.isLeader })
    }

    /// A member that was down for long gets the database of the leader.
    @Test func memberThatLagsReceivesASnapshot() async throws {
        let files = try Files()
        let endpoints = try Self.endpoints(files)
        var ports: [String: Int] = [:]
        for name in Self.names { ports[name] = try freePort() }
        func start(_ name: String) async throws -> EncryptedMember {
            try await EncryptedMember(
                name, ports: ports, directory: files.directory.path,
                endpoint: try #require(endpoints[name]))
        }
        var members: [EncryptedMember] = []
        for name in Self.names { members.append(try await start(name)) }
        for index in 0..<10 { try await Self.leader(members).put("a\(index)", "x") }
        // The last one is stopped; if it led, another one leads then.
        let last = members.removeLast()
        let applied = members[0].runtime.applied
        #expect(try await Self.eventually { last.runtime.applied >= applied })
        try await last.stop()
        let leader = try await Self.leader(members)
        for index in 0..<200 { try await leader.put("b\(index % 20)", "y\(index)") }
        let restarted = try await start("m3")
        let target = leader.runtime.applied
        #expect(try await Self.eventually { restarted.runtime.applied >= target })
        let sent = members.reduce(0) { sum, member in
            sum + member.serving.transport.statistics.reduce(0) { $0 + $1.statistics.snapshotsSent }
        }
        #expect(sent >= 1)
        let revisions = try await Self.revisions(members + [restarted])
        #expect(Set(revisions).count == 1)
        for member in members + [restarted] { try await member.stop() }
    }

    /// The current revisions of the members.
    private static func revisions(_ members: [EncryptedMember]) async throws -> [Int64] {
        var revisions: [Int64] = []
        for member in members {
            revisions.append(try await member.runtime.readState { $0.store.revisions.current })
        }
        return revisions
    }
}
