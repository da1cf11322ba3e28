import EtcdClient
import Testing

@Suite("Leases, locks, elections", .serialized)
struct LeaseTests {
    @Test(arguments: ServerKind.available)
    func aLeaseDeletesItsKeys(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let lease = try await client.grantLease(ttl: .seconds(30))
            #expect(lease.ttl == .seconds(30))
            try await client.put("leased", "x", lease: lease.id)
            #expect(try await client.get("leased")?.lease == lease.id)
            #expect(try await client.renewLease(lease.id) == .seconds(30))
            let status = try #require(try await client.leaseStatus(lease.id, returnsKeys: true))
            #expect(status.keys == [Array("leased".utf8)])
            #expect(status.grantedTTL == .seconds(30))
            #expect(try await client.leases() == [lease.id])
            try await client.put("leased", "y", keepsLease: true)
            try await client.revokeLease(lease.id)
            #expect(try await client.get("leased") == nil)
            #expect(try await client.leaseStatus(lease.id) == nil)
            await expect(reason: .leaseNotFound) { try await client.renewLease(lease.id) }
            await expect(reason: .leaseExists) {
                let other = try await client.grantLease(ttl: .seconds(5))
                return try await client.grantLease(ttl: .seconds(5), id: other.id)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func withLeaseRenewsAndRevokes(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let id = try await client.withLease(ttl: .seconds(3)) { lease in
                try await client.put("leased", "x", lease: lease.id)
                let first = lease.deadline
                try await Task.sleep(for: .seconds(4))
                #expect(lease.deadline > first)
                #expect(try await client.get("leased") != nil)
                return lease.id
            }
            #expect(try await client.get("leased") == nil)
            #expect(try await client.leaseStatus(id) == nil)
        }
    }

    @Test(arguments: ServerKind.available)
    func aLostLeaseCancelsTheBody(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            await expect(reason: .leaseLost) {
                try await client.withLease(ttl: .seconds(2)) { lease in
                    try await client.revokeLease(lease.id)
                    try await Task.sleep(for: .seconds(60))
                    Issue.record("the body was not cancelled")
                }
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func aStoppedServerCancelsTheBodyBeforeTheLeaseEnds(kind: ServerKind) async throws {
        try await withCluster(kind) { client, cluster in
            await expect(reason: .leaseLost) {
                try await client.withLease(ttl: .seconds(3)) { lease in
                    cluster.pause(cluster.members[0])
                    let end = lease.deadline
                    try? await Task.sleep(for: .seconds(60))
                    #expect(Task.isCancelled)
                    #expect(ContinuousClock.now < end + .seconds(10))
                }
            }
            cluster.resume(cluster.members[0])
        }
    }

    @Test(arguments: ServerKind.available)
    func aLockHasOneHolderAndServesInOrder(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let holders = Holders()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await client.withLock("lock") { lock in
                            await holders.enter(lock.revision)
                            #expect(
                                try await client.commit(.when(lock.isHeld)).succeeded)
                            try await Task.sleep(for: .milliseconds(20))
                            await holders.leave()
                        }
                    }
                }
                try await group.waitForAll()
            }
            let revisions = await holders.revisions
            #expect(revisions == revisions.sorted())
            #expect(revisions.count == 6)
            #expect(try await client.count(.prefix("lock")) == 0)
        }
    }

    @Test(arguments: ServerKind.available)
    func impatientClientsLeaveTheLine(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            try await client.withLock("lock") { _ in
                await expect(reason: .deadlineExceeded) {
                    try await client.withLock("lock", patience: .milliseconds(200)) { _ in
                        Issue.record("the lock is held")
                    }
                }
                let waiting = try await client.count(.prefix("lock/"))
                #expect(waiting == 1)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func anElectionHasOneLeader(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            try await client.withElection("e", value: "one") { leadership in
                let first = try await client.leader(of: "e")
                #expect(first?.text == "one")
                await expect(reason: .deadlineExceeded) {
                    try await client.withElection(
                        "e", value: "two", patience: .milliseconds(100)
                    ) { _ in }
                }
                try await leadership.proclaim("uno")
                #expect(try await client.leader(of: "e")?.text == "uno")
            }
            #expect(try await client.leader(of: "e") == nil)
            let observed = Task {
                var leaders = client.leaders(of: "e").makeAsyncIterator()
                return try await leaders.next()?.text
            }
            try await client.withElection("e", value: "three") { leadership in
                #expect(try await observed.value == "three")
                try await client.delete(leadership.key)
                await expect(reason: .notElected) { try await leadership.proclaim("x") }
            }
        }
    }
}

/// Checks that one task at a time is inside.
private actor Holders {
    private(set) var revisions: [Revision] = []
    private var isInside = false

    func enter(_ revision: Revision) {
        #expect(!isInside)
        isInside = true
        revisions.append(revision)
    }

    func leave() { isInside = false }
}
