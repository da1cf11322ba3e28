import CommandParsing
import EtcdClient
import ResponseFormatting

/// check datascale: writes many keys, and says how much memory the members took for them.
struct DataScaleCheck {
    private let invocation: Invocation
    private let options: CheckOptions
    private let keys: Int
    private let clients: Int
    private let pairBytes = 1024

    init(_ invocation: Invocation) throws(ToolFailure) {
        self.invocation = invocation
        options = CheckOptions(invocation.flags)
        (keys, clients) =
            switch try CheckLoad(invocation.flags) {
            case .small: (10_000, 50)
            case .medium: (100_000, 200)
            case .large: (1_000_000, 500)
            case .extraLarge: (3_000_000, 1_000)
            }
    }

    func run() async throws {
        let endpoints = try await ClientOptions(invocation).endpoints
        let (grown, failures) = try await invocation.withClient { client in
            try await options.requireNoKeys(client)
            StandardOutput.line(
                "Start data scale check for work load [\(keys) key-value pairs, \(pairBytes) bytes "
                    + "per key-value, \(clients) concurrent clients].")
            let before = try await memory(of: endpoints)
            let failures = await write(client)
            let after = try await memory(of: endpoints)
            try await options.cleanUp(client, endpoints)
            return (after - before, failures)
        }
        guard failures == 0 else {
            StandardOutput.line("FAIL: \(failures) writes failed")
            throw ToolFailure(lines: [], status: 1)
        }
        let hundredths = Int((max(grown, 0) / 1_048_576 * 100).rounded())
        let fraction = String(100 + hundredths % 100).dropFirst()
        StandardOutput.line(
            "PASS: Approximate system memory used : \(hundredths / 100).\(fraction) MB.")
    }

    /// Returns the number of failed writes.
    private func write(_ client: EtcdClient) async -> Int {
        let numbers = WriteNumbers()
        let progress = Progress("check datascale")
        defer { progress.end() }
        return await withTaskGroup(of: Int.self) { group in
            let value = [UInt8](repeating: 0, count: pairBytes)
            for _ in 0..<clients {
                group.addTask {
                    var failures = 0
                    while true {
                        let number = numbers.take()
                        guard number < keys else { return failures }
                        let isPut =
                            (try? await client.put("\(options.prefix)\(number)", value)) != nil
                        if !isPut { failures += 1 }
                        if number % 1000 == 0 { progress.show(UInt64(number), of: UInt64(keys)) }
                    }
                }
            }
            return await group.reduce(0, +)
        }
    }

    /// The resident memory of all members, from their metrics.
    private func memory(of endpoints: [String]) async throws -> Double {
        var total = 0.0
        for endpoint in endpoints {
            let text = try await MetricsPage.read(endpoint)
            let name = "process_resident_memory_bytes "
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            guard let value = line.flatMap({ Double($0.dropFirst(name.count)) }) else {
                StandardOutput.line("could not find: process_resident_memory_bytes")
                continue
            }
            total += value
        }
        return total
    }
}
