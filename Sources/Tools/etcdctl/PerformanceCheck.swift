import CommandParsing
import EtcdClient
import ResponseFormatting

/// check perf: writes at a fixed rate for a minute, and compares throughput and latencies with what
/// a cluster for that load should reach.
struct PerformanceCheck {
    private static let duration = Duration.seconds(60)
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
        let endpoints = try await ClientOptions(invocation).endpoints
        let samples = try await invocation.withClient { client in
            try await options.requireNoKeys(client)
            let samples = await write(client)
            try await options.cleanUp(client, endpoints)
            return samples
        }
        try report(samples)
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
                        guard due < start + Self.duration else { return samples }
                        try? await Task.sleep(until: due, clock: .continuous)
                        let begin = ContinuousClock.now
                        do throws(EtcdClientError) {
                            try await client.put("\(options.prefix)\(number)", value)
                            samples.add(begin.duration(to: .now) / .seconds(1))
                        } catch {
                            samples.failures += 1
                        }
                        if number % writesPerSecond == 0 {
                            progress.show(UInt64(number), of: UInt64(60 * writesPerSecond))
                        }
                    }
                }
            }
            return await group.reduce(into: LatencySamples()) { $0.add($1) }
        }
    }

    private func report(_ samples: LatencySamples) throws(ToolFailure) {
        var hasFailed = false
        func line(_ isGood: Bool, _ good: String, _ bad: String) {
            hasFailed = hasFailed || !isGood
            StandardOutput.line(isGood ? "PASS: \(good)" : "FAIL: \(bad)")
        }
        if samples.failures > 0 {
            hasFailed = true
            StandardOutput.line("FAIL: too many errors")
            StandardOutput.line("FAIL: \(samples.failures) writes failed")
        }
        let rate = Double(samples.count) / (Self.duration / .seconds(1))
        line(
            rate >= Double(writesPerSecond) * Self.throughputMin,
            "Throughput is \(Int(rate)) writes/s", "Throughput too low: \(Int(rate)) writes/s")
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
    var failures = 0
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
        failures += other.failures
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
