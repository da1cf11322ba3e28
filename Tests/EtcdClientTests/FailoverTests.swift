import EtcdClient
import Testing

/// Clusters whose members are killed and stopped under running calls.
@Suite("Failover", .serialized)
struct FailoverTests {
    private var configuration: EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration()
        configuration.timeout = .seconds(10)
        configuration.dialTimeout = .milliseconds(500)
        return configuration
    }

    @Test(arguments: ServerKind.available)
    func readsSucceedWhileMembersAreKilled(kind: ServerKind) async throws {
        var configuration = configuration
        configuration.timeout = .seconds(60)
        try await withCluster(kind, size: 3, configuration: configuration) { client, cluster in
            try await client.put("a", "1")
            for member in cluster.members {
                cluster.kill(member)
                for _ in 0..<20 { #expect(try await client.get("a")?.text == "1") }
                try cluster.start(member)
                try await waitUntilReady(member.endpoint)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func readsSucceedWhileAMemberIsStopped(kind: ServerKind) async throws {
        try await withCluster(kind, size: 3, configuration: configuration) { client, cluster in
            try await client.put("a", "1")
            for member in cluster.members.prefix(2) {
                cluster.pause(member)
                for _ in 0..<9 { #expect(try await client.get("a")?.text == "1") }
                cluster.resume(member)
                try await waitUntilReady(member.endpoint)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func noAcknowledgedWriteIsLost(kind: ServerKind) async throws {
        try await withCluster(kind, size: 3, configuration: configuration) { client, cluster in
            let written = try await withThrowingTaskGroup(of: [String].self) { group in
                group.addTask { await Self.write(client, 150) }
                for member in cluster.members {
                    try await Task.sleep(for: .milliseconds(500))
                    cluster.kill(member)
                    try await Task.sleep(for: .milliseconds(500))
                    try cluster.start(member)
                    try await waitUntilReady(member.endpoint)
                }
                return try await group.next() ?? []
            }
            #expect(written.count > 75)
            let stored = Set(try await client.range(.prefix("w/")).pairs.map(\.keyText))
            #expect(stored.isSuperset(of: written))
        }
    }

    /// Puts keys one after the other; returns those that were acknowledged.
    private static func write(_ client: EtcdClient, _ count: Int) async -> [String] {
        var written: [String] = []
        for number in 0..<count {
            let key = "w/\(number)"
            if (try? await client.put(key, "x")) != nil { written.append(key) }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return written
    }

    @Test(arguments: ServerKind.available)
    func aWatchHasNoGapAndNoRepetition(kind: ServerKind) async throws {
        try await withCluster(kind, size: 3, configuration: configuration) { client, cluster in
            try await client.withWatch(.prefix("w/")) { watch in
                let written = try await withThrowingTaskGroup(of: [String].self) { group in
                    group.addTask { await Self.write(client, 200) }
                    for member in cluster.members {
                        try await Task.sleep(for: .milliseconds(400))
                        cluster.kill(member)
                        try await Task.sleep(for: .milliseconds(400))
                        try cluster.start(member)
                        try await waitUntilReady(member.endpoint)
                    }
                    return try await group.next() ?? []
                }
                let end = try await client.put("w/end", "").header.revision
                let stored = try await client.range(
                    .prefix("w/"), RangeOptions(order: .init(by: .modRevision)))
                var seen: [KeyValuePair] = []
                for try await update in watch {
                    seen += update.events.map(\.pair)
                    if seen.last?.modRevision == end { break }
                }
                #expect(seen == stored.pairs)
                #expect(Set(seen.map(\.keyText)).isSuperset(of: written))
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func aWatchResumesAfterARestartOfTheOnlyMember(kind: ServerKind) async throws {
        try await withCluster(kind, configuration: configuration) { client, cluster in
            try await client.withWatch(.all) { watch in
                var iterator = watch.makeAsyncIterator()
                try await client.put("a", "1")
                #expect(try await iterator.next()?.events.map(\.pair.text) == ["1"])
                cluster.kill(cluster.members[0])
                try cluster.start(cluster.members[0])
                try await waitUntilReady(cluster.endpoints[0])
                try await client.put("a", "2")
                #expect(try await iterator.next()?.events.map(\.pair.text) == ["2"])
            }
        }
    }

    /// Followers apply a write later than the leader: their serializable reads may be older.
    @Test(arguments: ServerKind.available)
    func orderedReadsAreNeverOlderThanEarlierResponses(kind: ServerKind) async throws {
        var configuration = configuration
        configuration.ordersSerializableReads = true
        try await withCluster(kind, size: 3, configuration: configuration) { client, _ in
            for number in 0..<300 {
                try await client.put("a", "\(number)")
                let pair = try await client.get("a", isSerializable: true)
                #expect(pair?.text == "\(number)")
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func endpointsFollowTheMembers(kind: ServerKind) async throws {
        try await withCluster(kind, size: 3) { client, cluster in
            try await EtcdClient.withClient(endpoints: [cluster.endpoints[0]]) { one in
                try await one.synchronizeEndpoints()
                #expect(Set(one.endpoints) == Set(cluster.members.map(\.clientURL)))
                cluster.kill(cluster.members[0])
                #expect(try await one.get("a", timeout: .seconds(60)) == nil)
            }
            #expect(try await client.members().count == 3)
        }
    }
}
