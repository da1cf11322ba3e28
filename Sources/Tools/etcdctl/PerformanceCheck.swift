import CommandParsing
import EtcdClient
import ResponseFormatting
import StandardStreams

/// check perf: writes at a fixed rate for a minute, and compares throughput and latencies with what
/// a cluster for that load should reach.
struct PerformanceCheck {
    private static let duration = Duration.seconds(60)
    private static let keyBytes = 256
    private static let valueBytes = 1024
    /// Of the rate.
    private static let throughputMin = 0.9
    private static let slowestMax = 0.5
    private static let deviationMax = 0.1

    private let invocation: Invocation
    private let options: CheckOptions
    private let writesPerSecond: Int
    private let clients: Int

    init(_ invocation: Invocation) throws(ToolFailure) {
        self.invocation = invocation
        options = CheckOptions(invocation.flags)
        (writesPerSecond, clients) =
            switch try CheckLoad(invocation.flags) {
            case .small: (150, 50)
            case .medium: (1_000, 200)
            case .large: (8_000, 500)
            case .extraLarge: (15_000, 1_000)
            }
    }

    func run() async throws {
        _ = try await invocation.formatter()
        let endpoints = try await invocation.clientOptions().endpoints
        let (samples, took) = try await invocation.withClient { client in
            try await options.requireNoKeys(client, quote: "'")
            let begin = ContinuousClock.now
            let samples = await writeUntilSignal(client)
            let took = begin.duration(to: .now)
            try await options.cleanUp(client, endpoints)
            return (samples, took)
        }
        try report(samples, rate: Double(samples.count) / (took / .seconds(1)))
    }

    /// SIGINT ends the writes early; the report is about those that were made.
    private func writeUntilSignal(_ client: EtcdClient) async -> LatencySamples {
        await withTaskGroup(of: LatencySamples?.self) { group in
            group.addTask { await write(client) }
            group.addTask {
                await Signals.next()
                return nil
            }
            var samples = LatencySamples()
            for await result in group {
                if let result { samples = result }
                group.cancelAll()
            }
            return samples
        }
    }

    /// Each client takes the next write, waits until it is due, and measures it.
    private func write(_ client: EtcdClient) async -> LatencySamples {
        let numbers = WriteNumbers()
        let start = ContinuousClock.now
        let progress = Progress("check perf")
        defer { progress.end() }
        return await withTaskGroup(of: LatencySamples.self) { group in
            let value = [UInt8](repeating: 0, count: Self.valueBytes)
            for _ in 0..<clients {
                group.addTask {
                    var samples = LatencySamples()
                    while true {
                        let number = numbers.take()
                        let due = start + .seconds(1) * number / writesPerSecond
                        guard due < start + Self.duration, await wait(until: due) else {
                            return samples
                        }
                        let begin = ContinuousClock.now
                        do throws(EtcdClientError) {
                            try await client.put(key(number), value)
                            samples.add(begin.duration(to: .now) / .seconds(1))
                        } catch {
                            if error.reason != .cancelled { samples.failures.add(error) }
                        }
                        progress.show(number, of: 60 * writesPerSecond, "writes")
                    }
                }
            }
            return await group.reduce(into: LatencySamples()) { $0.add($1) }
        }
    }

    /// False if the check is ended before.
    private func wait(until due: ContinuousClock.Instant) async -> Bool {
        do {
            try await Task.sleep(until: due, clock: .continuous)
            return true
        } catch {
            return false
        }
    }

    private func key(_ number: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return options.prefix.utf8 + digits
            + [UInt8](repeating: 0, count: Self.keyBytes - digits.count)
    }

    private func report(_ samples: LatencySamples, rate: Double) throws(ToolFailure) {
        var hasFailed = samples.failures.report()
        func line(_ isGood: Bool, _ good: String, _ bad: String) {
            hasFailed = hasFailed || !isGood
            StandardOutput.line(isGood ? "PASS: \(good)" : bad)
        }
        let throughput = "\(Int(rate) + 1) writes/s"
        line(
            rate > Double(writesPerSecond) * Self.throughputMin,
            "Throughput is \(throughput)", "FAIL: Throughput too low: \(throughput)")
        let slowest = sixDecimals(samples.slowest)
        line(
            samples.slowest <= Self.slowestMax, "Slowest request took \(slowest)s",
            "Slowest request took too long: \(slowest)s")
        let deviation = sixDecimals(samples.deviation)
        line(
            samples.deviation <= Self.deviationMax, "Stddev is \(deviation)s",
            "Stddev too high: \(deviation)s")
        StandardOutput.line(hasFailed ? "FAIL" : "PASS")
        if hasFailed { throw ToolFailure(lines: [], status: 1) }
    }
}

/// Latencies of successful calls, in seconds.
struct LatencySamples: Sendable {
    private(set) var count = 0
    private(set) var slowest = 0.0
    var failures = WriteFailures()
    private var sum = 0.0
    private var squares = 0.0

    mutating func add(_ seconds: Double) {
        count += 1
        slowest = max(slowest, seconds)
        sum += seconds
        squares += seconds * seconds
    }

    mutating func add(_ other: LatencySamples) {
        count += other.count
        slowest = max(slowest, other.slowest)
        failures.add(other.failures)
        sum += other.sum
        squares += other.squares
    }

    /// The standard deviation.
    var deviation: Double {
        guard count > 0 else { return 0 }
        let mean = sum / Double(count)
        return max(squares / Double(count) - mean * mean, 0).squareRoot()
    }
}

/// As Go's `%f`.
func sixDecimals(_ value: Double) -> String {
    let millionths = Int((value * 1e6).rounded())
    return "\(millionths / 1_000_000)." + String(1_000_000 + millionths % 1_000_000).dropFirst()
}
