import EtcdClient
import Testing

@Suite("Watches", .serialized)
struct WatchTests {
    /// The next `count` events, as `key=value` or `-key`.
    private func events(
        _ count: Int, of iterator: inout Watch.Iterator
    ) async throws -> [String] {
        var seen: [String] = []
        while seen.count < count {
            guard let update = try await iterator.next() else { break }
            seen += update.events.map {
                $0.kind == .put ? "\($0.pair.keyText)=\($0.pair.text)" : "-\($0.pair.keyText)"
            }
        }
        return seen
    }

    @Test(arguments: ServerKind.available)
    func eventsComeInOrder(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            try await client.put("w/0", "before")
            try await client.withWatch(.prefix("w/")) { watch in
                var iterator = watch.makeAsyncIterator()
                try await client.put("w/1", "1")
                try await client.put("other", "x")
                try await client.commit(.always(.put("w/2", "2"), .put("w/3", "3")))
                try await client.delete("w/1")
                let seen = try await events(4, of: &iterator)
                #expect(seen == ["w/1=1", "w/2=2", "w/3=3", "-w/1"])
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func historyFiltersAndPreviousValues(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let start = try await client.put("w", "1").header.revision
            try await client.put("w", "2")
            try await client.delete("w")
            let all = WatchOptions(from: start, returnsPrevious: true)
            try await client.withWatch(.key("w"), all) { watch in
                var seen: [WatchEvent] = []
                for try await update in watch {
                    seen += update.events
                    if seen.count == 3 { break }
                }
                #expect(seen.map(\.previous?.text) == [nil, "1", "2"])
                #expect(seen.map(\.isCreation) == [true, false, false])
            }
            let deletions = WatchOptions(from: start, skipping: [.put])
            try await client.withWatch(.key("w"), deletions) { watch in
                var iterator = watch.makeAsyncIterator()
                let seen = try await events(1, of: &iterator)
                #expect(seen == ["-w"])
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func aCompactedStartHasTheRevision(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            for number in 0..<5 { try await client.put("w", "\(number)") }
            try await client.compact(at: 4)
            await expect(reason: .compacted(at: 4)) {
                for try await _ in client.watch(.key("w"), WatchOptions(from: 2)) {}
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func progressIsReportedOnRequest(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            try await client.withWatch(.key("w")) { watch in
                let revision = try await client.put("other", "1").header.revision
                watch.requestProgress()
                var iterator = watch.makeAsyncIterator()
                let update = try #require(try await iterator.next())
                #expect(update.events.isEmpty)
                #expect(update.header.revision == revision)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func cancellingTheTaskEndsTheWatch(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let seen = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    var count = 0
                    do {
                        for try await _ in client.watch(.all) { count += 1 }
                    } catch let error as EtcdClientError {
                        #expect(error.reason == .cancelled)
                    }
                    return count
                }
                try await Task.sleep(for: .milliseconds(300))
                group.cancelAll()
                return try await group.next()
            }
            #expect(seen == 0)
        }
    }

    /// A transaction of more than a message: the server sends its events in fragments.
    @Test(arguments: ServerKind.available)
    func largeRevisionsComeComplete(kind: ServerKind) async throws {
        let flags = ["--max-request-bytes", "\(8 << 20)", "--max-txn-ops", "1000"]
        var configuration = EtcdClient.Configuration()
        configuration.requestBytesMax = 8 << 20
        try await withCluster(kind, flags: flags, configuration: configuration) { client, _ in
            let value = [UInt8](repeating: 120, count: 20_000)
            let start = try await client.put("start", "").header.revision
            try await client.commit(
                Transaction(then: (0..<200).map { .put("w/\(1000 + $0)", value) }))
            var keys: [String] = []
            for try await update in client.watch(.prefix("w/"), WatchOptions(from: start)) {
                keys += update.events.map(\.pair.keyText)
                if keys.count >= 200 { break }
            }
            #expect(keys == (0..<200).map { "w/\(1000 + $0)" })
        }
    }

    @Test(arguments: ServerKind.available)
    func aSlowReaderMissesNothing(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let value = [UInt8](repeating: 120, count: 50_000)
            try await client.withWatch(.prefix("w/")) { watch in
                for number in 0..<200 { try await client.put("w/\(number)", value) }
                var iterator = watch.makeAsyncIterator()
                var keys: [String] = []
                while keys.count < 200, let update = try await iterator.next() {
                    keys += update.events.map(\.pair.keyText)
                }
                #expect(keys == (0..<200).map { "w/\($0)" })
            }
        }
    }
}
