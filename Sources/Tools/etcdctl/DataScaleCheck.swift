import CommandParsing
import EtcdClient
import ResponseFormatting
import StandardStreams

/// check datascale: writes many keys, and says how much memory the first member took for them.
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
        _ = try await invocation.formatter()
        let endpoints = try await invocation.clientOptions().endpoints
        let (grown, failures) = try await invocation.withClient { client in
            try await options.requireNoKeys(client)
            let before = try await memory(of: endpoints, "before")
            StandardOutput.line(
                "Start data scale check for work load [\(keys) key-value pairs, \(pairBytes) bytes "
                    + "per key-value, \(clients) concurrent clients].")
            let failures = await write(client)
            let after = try await memory(of: endpoints, "after")
            try await options.cleanUp(client, endpoints)
            return (after - before, failures)
        }
        if failures.report() { throw ToolFailure(lines: [], status: 1) }
        let hundredths = Int((grown / 1_048_576 * 100).rounded())
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let number = (hundredths < 0 ? "-" : "") + "\(whole)." + "\(100 + rest)".dropFirst()
        StandardOutput.line("PASS: Approximate system memory used : \(number) MB.")
    }

    private func write(_ client: EtcdClient) async -> WriteFailures {
        let numbers = WriteNumbers()
        let progress = Progress("check datascale")
        defer { progress.end() }
        return await withTaskGroup(of: WriteFailures.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var failures = WriteFailures()
                    while true {
                        let number = numbers.take()
                        guard number < keys else { return failures }
                        do throws(EtcdClientError) {
                            try await client.put(key(number), value)
                        } catch {
                            failures.add(error)
                        }
                        progress.show(number, of: keys, "writes")
                    }
                }
            }
            return await group.reduce(into: WriteFailures()) { $0.add($1) }
        }
    }

    private var value: [UInt8] { [UInt8](repeating: 0, count: pairBytes / 2) }

    /// Of as many bytes as the value, apart from the prefix.
    private func key(_ number: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return options.prefix.utf8 + digits
            + [UInt8](repeating: 0, count: pairBytes / 2 - digits.count)
    }

    /// The resident memory of the first member, from its metrics.
    private func memory(of endpoints: [String], _ moment: String) async throws -> Double {
        let name = "process_resident_memory_bytes"
        do {
            let text = try await MetricsPage.read(endpoints.first ?? "")
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            if let bytes = line.flatMap({ Double($0.dropFirst(name.count + 1)) }), bytes > 0 {
                return bytes
            }
            StandardOutput.line("could not find: \(name)")
        } catch let failure as ToolFailure {
            for line in failure.lines {
                StandardOutput.text(line.dropFirst("Error: ".count) + "\n")
            }
        }
        StandardOutput.line("FAIL: Could not read \(name) \(moment) the put operations.")
        throw ToolFailure(lines: [], status: 1)
    }
}
