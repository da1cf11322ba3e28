import Dispatch
import Glibc
import MonotonicClock
import Simulator
import Synchronization

/// Runs many seeds, several concurrently, and sums up their reports.
final class Campaign: Sendable {
    private struct Sum {
        var next: UInt64
        var done = 0
        var failures: [String] = []
        var virtualTime = TimeSpan.zero
        var steps = 0
        var counts: [Occurrence: Int] = [:]
        var printedAt = MonotonicTime.zero
    }

    private let range: SeedRange
    private let jobs: Int
    private let untilFailure: Bool
    /// No run begins after this.
    private let deadline: MonotonicTime
    private let configure: @Sendable (UInt64) -> SimulationConfiguration
    private let sum: Mutex<Sum>
    private let began: MonotonicTime

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    init(
        _ range: SeedRange, jobs: Int, untilFailure: Bool, minutes: Int?,
        configure: @escaping @Sendable (UInt64) -> SimulationConfiguration
    ) {
        self.range = range
        self.jobs = min(max(jobs, 1), RunningSeeds.slotsMax)
        self.untilFailure = untilFailure
        let began = Self.now
        self.began = began
        deadline = minutes.map { began + .seconds(Int64($0) * 60) } ?? .distantFuture
        self.configure = configure
        sum = Mutex(Sum(next: range.first))
    }

    private static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    var failureCount: Int { sum.withLock { $0.failures.count } }

    func run() {
        DispatchQueue.concurrentPerform(iterations: jobs) { slot in
            while let seed = take() {
                let report = RunningSeeds.shared.run(configure(seed), in: slot)
                record(report)
            }
        }
    }

    private func take() -> UInt64? {
        sum.withLock { sum in
            let isOver =
                (untilFailure && !sum.failures.isEmpty) || Self.now >= deadline
            guard sum.next <= range.last, !isOver else { return nil }
            defer { sum.next += 1 }
            return sum.next
        }
    }

    private func record(_ report: SimulationReport) {
        let now = Self.now
        sum.withLock { sum in
            sum.done += 1
            sum.virtualTime = sum.virtualTime + report.virtualTime
            sum.steps += report.steps
            for (occurrence, count) in report.counts { sum.counts[occurrence, default: 0] += count }
            if !report.isSound {
                let command = "simulate \(report.configuration.arguments)"
                sum.failures.append(command)
                print(Self.shortened("\(report)"))
                print("replay with: swift run -c release \(command)")
            }
            if now - sum.printedAt >= .seconds(10) {
                sum.printedAt = now
                print("\(sum.done) seeds, \(sum.failures.count) failed, \(speed(sum, now))")
            }
            fflush(nil)
        }
    }

    private func speed(_ sum: Sum, _ now: MonotonicTime) -> String {
        let elapsed = max(now - began, .milliseconds(1))
        return "\(sum.virtualTime / .seconds(1)) virtual seconds in \(elapsed / .seconds(1)) s "
            + "(\(sum.virtualTime / elapsed) times)"
    }

    func printSummary() {
        sum.withLock { sum in
            print(
                "\(sum.done) seeds, \(sum.failures.count) failed, \(sum.steps) steps, "
                    + speed(sum, Self.now))
            for occurrence in Occurrence.allCases {
                print("  \(occurrence.rawValue): \(sum.counts[occurrence] ?? 0)")
            }
            let missed = Occurrence.allCases.filter { (sum.counts[$0] ?? 0) == 0 }
            if !missed.isEmpty {
                print("never hit: " + missed.map(\.rawValue).joined(separator: ", "))
            }
            for command in sum.failures { print("failed: swift run -c release \(command)") }
        }
    }

    /// Shortens long lines: values can be long.
    private static func shortened(_ text: String) -> String {
        text.split(separator: "\n").map { $0.count > 600 ? $0.prefix(600) + "..." : $0 }
            .joined(separator: "\n")
    }
}
