import EtcdClient
import EtcdClientTesting
import Testing

@Suite("Articles: watching")
struct WatchingTests {
    @Test func readAndFollow() async throws {
        try await withEtcd { client in
            try await client.put("config/color", "blue")
            let followed = try await follow(client) {
                try await client.put("config/size", "10")
                try await client.delete("config/color")
                try await client.put("config/end", "")
            }
            #expect(followed == ["config/size": "10", "config/end": ""])
        }
    }

    private func follow(
        _ client: EtcdClient, _ change: () async throws -> Void
    ) async throws -> [String: String] {
        let current = try await client.range(.prefix("config/"))
        var configuration: [String: String] = [:]
        for pair in current.pairs { configuration[pair.keyText] = pair.text }
        try await change()
        let options = WatchOptions(from: current.header.revision.next)
        for try await update in client.watch(.prefix("config/"), options) {
            for event in update.events {
                configuration[event.pair.keyText] = event.kind == .put ? event.pair.text : nil
            }
            if configuration["config/end"] != nil { break }
        }
        return configuration
    }

    @Test func changesOfOneselfAreSeen() async throws {
        try await withEtcd { client in
            try await client.withWatch(.key("color")) { watch in
                try await client.put("color", "blue")
                for try await update in watch {
                    #expect(update.events.first?.pair.text == "blue")
                    break
                }
            }
        }
    }

    private func apply(_ events: [WatchEvent]) {
        Issue.record("changes of compacted revisions are not reported: \(events)")
    }

    @Test func compaction() async throws {
        try await withEtcd { client in
            let old = try await client.put("color", "red").header.revision
            try await client.put("color", "blue")
            let new = try await client.put("color", "green").header.revision
            try await client.compact(at: new)
            do {
                for try await update in client.watch(.key("color"), WatchOptions(from: old)) {
                    apply(update.events)
                }
            } catch let error as EtcdClientError {
                guard case .compacted(let revision) = error.reason else { throw error }
                // The changes up to this revision are gone: read the keys again.
                #expect(revision == new)
            }
        }
    }
}
