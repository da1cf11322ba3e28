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

    /// A member that starts late, and whose entries are compacted, gets the database of the leader.
    @Test func memberThatStartsLateReceivesASnapshot() async throws {
        let files = try Files()
        let endpoints = try Self.endpoints(files)
        var ports: [String: Int] = [:]
        for name in Self.names { ports[name] = try freePort() }
        var members: [EncryptedMember] = []
        for name in ["m1", "m2"] {
            members.append(
                try await EncryptedMember(
                    name, ports: ports, directory: files.directory.path,
                    endpoint: try #require(endpoints[name])))
        }
        let leader = try await Self.leader(members)
        for index in 0..<200 { try await leader.put("key\(index % 20)", "value\(index)") }
        members.append(
            try await EncryptedMember(
                "m3", ports: ports, directory: files.directory.path,
                endpoint: try #require(endpoints["m3"])))
        let (late, target) = (members[2], leader.runtime.applied)
        #expect(try await Self.eventually { late.runtime.applied >= target })
        let sent = leader.serving.transport.statistics.reduce(0) {
            $0 + $1.statistics.snapshotsSent
        }
        #expect(sent >= 1)
        #expect(Set(try await Self.revisions(members)).count == 1)
        for member in members { try await member.stop() }
    }

    /// The current revisions of the members.
    private static func revisions(_ members: [EncryptedMember]) async throws -> [Int64] {
        var revisions: [Int64] = []
        for member in members {
            revisions.append(try await member.runtime.readState { $0.store.revisions.current.rawValue })
        }
        return revisions
    }
}
