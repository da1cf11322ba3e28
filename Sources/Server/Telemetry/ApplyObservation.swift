import MonotonicClock
import ServerLogging
import Prometheus
import EtcdAPI
import HTTPServices
import Glibc
import StateMachine

/// Metrics and log lines of applied entries. Called on the apply thread only.
///
/// A batch is counted in plain integers that are added to the metrics once, at its end: an entry
/// costs a few additions and one read of the coarse clock. Each entry is observed with the mean
/// time of its batch; the coarse clock detects single slow entries.
///
/// `@unchecked Sendable`: only the apply thread calls it.
final class ApplyObservation: @unchecked Sendable {
    private let registry: MetricRegistry
    private let logger: ServerLogger
    private let warningTime: TimeSpan
    private let puts: CounterSeries
    private let deletes: CounterSeries
    private let ranges: CounterSeries
    private let transactions: CounterSeries
    private let leasesGranted: CounterSeries
    private let leasesRevoked: CounterSeries
    private let leaseSeconds: HistogramSeries
    private let slowApplies: CounterSeries
    private var tallies: [OperationTally] = []
    private var batch = ExecutedOperations()
    private var transactionsInBatch = 0
    /// Coarse times at which the first and the newest entry of the batch were applied.
    private var firstEnd: MonotonicTime?
    private var newestEnd = MonotonicTime.zero
    private var firstEntry: [UInt8] = []
    private var firstResponse = ApplyResponse(revision: 0, body: .done)
    /// Log lines of the batch, written at its end, after the store's lock is released.
    private var lines: [() -> Void] = []

    init(registry: MetricRegistry, logger: ServerLogger, warningDuration: Duration) {
        self.registry = registry
        self.logger = logger
        warningTime = TimeSpan(warningDuration)
        puts = registry.counter("etcd_mvcc_put_total")
        deletes = registry.counter("etcd_mvcc_delete_total")
        ranges = registry.counter("etcd_mvcc_range_total")
        transactions = registry.counter("etcd_mvcc_txn_total")
        leasesGranted = registry.counter("etcd_debugging_lease_granted_total")
        leasesRevoked = registry.counter("etcd_debugging_lease_revoked_total")
        leaseSeconds = registry.histogram("etcd_debugging_lease_ttl_total")
        slowApplies = registry.counter("etcd_server_slow_apply_total")
    }

    /// One entry was applied.
    func add(_ applied: AppliedEntry, entry: [UInt8]) {
        let response = applied.response
        measureDuration(response, entry)
        batch += applied.executed
        if applied.executed.total > 1 { transactionsInBatch += 1 }
        var isFailure = false
        switch response.body {
        case .leaseGrant(_, let seconds):
            leasesGranted.increment()
            leaseSeconds.observe(Double(seconds))
        case .leaseRevoke: leasesRevoked.increment()
        case .failed: isFailure = true
        case .put, .deleteRange, .range, .txn, .compaction, .alarm, .members, .clusterVersion,
            .auth, .done, .omitted:
            break
        }
        if applied.operation.utf8CodeUnitCount > 0 {
            tally(applied.operation, isFailure: isFailure)
        }
    }

    /// All entries since the last call were applied in this time.
    func finishBatch(entries: Int, took time: TimeSpan) {
        if let firstEnd {
            // The first entry began with the batch, before the first call of `add`.
            report(firstResponse, firstEntry, time - (newestEnd - firstEnd))
            self.firstEnd = nil
            firstEntry = []
            firstResponse = ApplyResponse(revision: 0, body: .done)
        }
        for line in lines { line() }
        lines.removeAll()
        let meanSeconds = time.seconds / Double(max(1, entries))
        for index in tallies.indices {
            tallies[index].flush(seconds: meanSeconds, into: registry)
        }
        puts.increment(by: batch.puts)
        deletes.increment(by: batch.deletes)
        ranges.increment(by: batch.ranges)
        transactions.increment(by: transactionsInBatch)
        batch = ExecutedOperations()
        transactionsInBatch = 0
    }

    private func measureDuration(_ response: ApplyResponse, _ entry: [UInt8]) {
        let now = MonotonicTime.coarseNow()
        if firstEnd == nil {
            firstEnd = now
            firstResponse = response
            firstEntry = entry
        } else {
            report(response, entry, now - newestEnd)
        }
        newestEnd = now
    }

    private func report(_ response: ApplyResponse, _ entry: [UInt8], _ time: TimeSpan) {
        guard time > warningTime else { return }
        slowApplies.increment()
        logAfterBatch { [logger, warningTime] in
            let request = try? InternalRaftRequest(decoding: entry)
            let fields: KeyValuePairs<String, LogValue> = [
                "took": .duration(Duration(time)),
                "expected-duration": .duration(Duration(warningTime)), "prefix": "",
                "request": .string(request?.logText ?? ""),
                "response": .string(response.body.sizeText),
            ]
            logger.warn("apply request took too long", fields)
        }
    }

    /// Writes to the log at the end of the batch: entries are applied under the store's lock.
    func logAfterBatch(_ line: @escaping () -> Void) { lines.append(line) }

    private func tally(_ operation: StaticString, isFailure: Bool) {
        for index in tallies.indices where tallies[index].isOf(operation) {
            return tallies[index].count(isFailure: isFailure)
        }
        var tally = OperationTally(operation)
        tally.count(isFailure: isFailure)
        tallies.append(tally)
    }
}

extension MonotonicTime {
    /// The time of the last tick of the kernel's timer, which is cheaper to read.
    fileprivate static func coarseNow() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension ApplyResponseBody {
    /// The size of the response as in etcd's logs; empty for a response without a body.
    fileprivate var sizeText: String {
        switch self {
        case .put(let response): "size:\(response.encodedSize)"
        case .deleteRange(let response): "size:\(response.encodedSize)"
        case .txn(let response): "size:\(response.encodedSize)"
        case .range(let response): "size:\(response.encodedSize)"
        case .compaction, .leaseGrant, .leaseRevoke, .alarm, .members, .clusterVersion, .auth,
            .done, .omitted, .failed:
            ""
        }
    }
}

/// The entries of one kind in the current batch, and their histograms.
private struct OperationTally {
    private let operation: StaticString
    private var successes = 0
    private var failures = 0
    /// Created at the first observation, as in etcd.
    private var succeeded: HistogramSeries?
    private var failed: HistogramSeries?

    init(_ operation: StaticString) {
        self.operation = operation
    }

    /// Names are constants, so equal names almost always have equal addresses.
    func isOf(_ other: StaticString) -> Bool {
        operation.utf8CodeUnitCount == other.utf8CodeUnitCount
            && (operation.utf8Start == other.utf8Start
                || memcmp(operation.utf8Start, other.utf8Start, other.utf8CodeUnitCount) == 0)
    }

    mutating func count(isFailure: Bool) {
        if isFailure { failures += 1 } else { successes += 1 }
    }

    mutating func flush(seconds: Double, into registry: MetricRegistry) {
        let name = "etcd_server_apply_duration_seconds"
        if successes > 0 {
            let series = succeeded ?? registry.histogram(name, "v3", "\(operation)", "true")
            series.observe(seconds, times: successes)
            succeeded = series
        }
        if failures > 0 {
            let series = failed ?? registry.histogram(name, "v3", "\(operation)", "false")
            series.observe(seconds, times: failures)
            failed = series
        }
        successes = 0
        failures = 0
    }
}
