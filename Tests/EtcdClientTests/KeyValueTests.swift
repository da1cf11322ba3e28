import EtcdClient
import Testing

@Suite("Keys and values", .serialized)
struct KeyValueTests {
    @Test(arguments: ServerKind.available)
    func putGetDelete(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let first = try await client.put("a", "1")
            let second = try await client.put("a", [50], returnsPrevious: true)
            #expect(second.header.revision == first.header.revision.next)
            #expect(second.previous?.text == "1")
            let pair = try #require(try await client.get("a"))
            #expect(pair.text == "2")
            #expect(pair.version == 2)
            #expect(pair.modRevision == second.header.revision)
            #expect(try await client.get("missing") == nil)
            #expect(try await client.get("a", revision: first.header.revision)?.text == "1")
            let deleted = try await client.delete("a", returnsPrevious: true)
            #expect(deleted.deleted == 1)
            #expect(deleted.previous.map(\.text) == ["2"])
        }
    }

    @Test(arguments: ServerKind.available)
    func ranges(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            for number in 0..<10 { try await client.put("p/\(number)", "\(9 - number)") }
            let some = try await client.range(.prefix("p/"), RangeOptions(limit: 3))
            #expect(some.pairs.map(\.text) == ["9", "8", "7"])
            #expect(some.hasMore)
            #expect(some.count == 10)
            #expect(try await client.count(.all) == 10)
            let keys = try await client.range(.from("p/8"), RangeOptions(keysOnly: true))
            #expect(keys.pairs.map(\.keyText) == ["p/8", "p/9"])
            #expect(keys.pairs.allSatisfy { $0.value.isEmpty })
            let sorted = try await client.range(
                .range("p/2", upTo: "p/5"), RangeOptions(order: .init(by: .value)))
            #expect(sorted.pairs.map(\.text) == ["5", "6", "7"])
            let newest = try await client.range(
                .all, RangeOptions(limit: 1, order: .init(by: .modRevision, descending: true)))
            #expect(newest.pairs.map(\.keyText) == ["p/9"])
            let last = try #require(newest.pairs.first).modRevision
            let filtered = try await client.range(
                .all, RangeOptions(createRevisions: last.previous...last))
            #expect(filtered.pairs.map(\.keyText) == ["p/8", "p/9"])
            #expect(try await client.delete(.prefix("p/")).deleted == 10)
        }
    }

    @Test(arguments: ServerKind.available)
    func refusedRequestsHaveReasons(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            await expect(reason: .emptyKey) { try await client.put("", "x") }
            await expect(reason: .futureRevision) {
                try await client.get("a", revision: 1_000_000)
            }
            await expect(reason: .keyNotFound) { try await client.attach("a", to: nil) }
            await expect(reason: .leaseNotFound) {
                try await client.put("a", "1", lease: LeaseID(rawValue: 99))
            }
            let large = [UInt8](repeating: 0, count: 2 << 20)
            await expect(reason: .requestTooLarge) { try await client.put("a", large) }
            let revision = try await client.put("a", "1").header.revision
            try await client.put("a", "2")
            try await client.compact(at: revision.next, isPhysical: true)
            await expect(reason: .compacted(at: nil)) {
                try await client.get("a", revision: revision)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func pagesHaveAllPairsOfOneRevision(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            for number in 0..<200 { try await client.put("p/\(1000 + number)", "x") }
            var keys: [String] = []
            for try await pairs in client.pages(.prefix("p/"), pageLimit: 30) {
                #expect(!pairs.isEmpty)
                if keys.isEmpty {
                    try await client.put("p/1199x", "late")
                    try await client.delete("p/1150")
                }
                keys += pairs.map(\.keyText)
            }
            #expect(keys == (0..<200).map { "p/\(1000 + $0)" })
            var limited = 0
            for try await pairs in client.pages(.all, RangeOptions(limit: 45), pageLimit: 20) {
                limited += pairs.count
            }
            #expect(limited == 45)
            for try await _ in client.pages(.prefix("none")) { Issue.record("there is none") }
        }
    }

    @Test(arguments: ServerKind.available)
    func aNamespaceSeesOnlyItsKeys(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let space = client.namespace("one/")
            try await client.put("on", "before")
            try await client.put("one0", "behind")
            try await space.put("a", "1")
            try await space.namespace("two/").put("b", "2")
            #expect(try await client.get("one/two/b")?.text == "2")
            #expect(try await space.range(.all).pairs.map(\.keyText) == ["a", "two/b"])
            #expect(try await space.range(.from("b")).pairs.map(\.keyText) == ["two/b"])
            #expect(try await space.range(.prefix("")).count == 2)
            #expect(try await space.get("on") == nil)
            let response = try await space.commit(
                .when(.value(of: "a", equals: "1")).then(.get("a"), .put("c", "3")))
            #expect(response.pairs.map(\.keyText) == ["a"])
            let start = try await space.put("d", "4").header.revision
            try await space.withWatch(.all, WatchOptions(from: start)) { watch in
                var iterator = watch.makeAsyncIterator()
                let update = try #require(try await iterator.next())
                #expect(update.events.map(\.pair.keyText) == ["d"])
            }
            #expect(try await space.delete(.all).deleted == 4)
            #expect(try await client.count(.all) == 2)
        }
    }
}
