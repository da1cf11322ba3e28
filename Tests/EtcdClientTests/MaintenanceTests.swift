import EtcdClient
import Testing

@Suite("Members and maintenance", .serialized)
struct MaintenanceTests {
    @Test(arguments: ServerKind.available)
    func statusHashAndAlarms(kind: ServerKind) async throws {
        try await withCluster(kind) { client, cluster in
            try await client.put("a", "1")
            let endpoint = cluster.endpoints[0]
            let status = try await client.status(of: endpoint)
            #expect(status.version.hasPrefix("3."))
            #expect(status.leader == status.header.memberID)
            #expect(status.databaseBytes > 0)
            let hash = try await client.keyValueHash(of: endpoint)
            #expect(hash.hash != 0)
            #expect(try await client.alarms().isEmpty)
            try await client.defragment(endpoint, timeout: .seconds(30))
            await expect(reason: .unavailable) {
                try await client.status(of: "127.0.0.1:1", timeout: .milliseconds(300))
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func membersAreAddedAndRemoved(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let added = try await client.addMember(
                peerURLs: ["http://127.0.0.1:1"], isLearner: true)
            #expect(added.isLearner)
            await expect(reason: .peerURLExists) {
                try await client.addMember(
                    peerURLs: ["http://127.0.0.1:1", "http://127.0.0.1:3"])
            }
            await expect(reason: .learnerNotReady) { try await client.promoteMember(added.id) }
            try await client.updateMember(added.id, peerURLs: ["http://127.0.0.1:2"])
            #expect(try await client.members().count == 2)
            try await client.removeMember(added.id)
            await expect(reason: .memberNotFound) { try await client.removeMember(MemberID(7)) }
            #expect(try await client.members(isSerializable: true).map(\.name) == ["m0"])
        }
    }

    @Test(arguments: ServerKind.available)
    func aSnapshotIsTheDatabase(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            for number in 0..<50 { try await client.put("k\(number)", "value") }
            let bytes = try await client.withSnapshot { snapshot in
                var bytes: [UInt8] = []
                for try await piece in snapshot { bytes += piece.bytes }
                return bytes
            }
            // Whole pages, and a SHA-256.
            #expect(bytes.count % 512 == 32)
            // The magic number of bbolt in the first page.
            #expect(Array(bytes[16..<20]) == [0xED, 0xDA, 0x0C, 0xED])
        }
    }
}
