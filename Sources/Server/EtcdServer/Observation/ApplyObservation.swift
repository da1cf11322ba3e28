import EtcdAPI
import Gateway
import Glibc
import StateMachine

/// Counts applied entries. Called on the apply thread only.
///
/// A batch is gathered in plain numbers and written to the metrics once, at its end: an entry
/// costs a few additions and one look at the coarse clock. Each entry is counted with the mean
/// time of its batch; the coarse clock finds those that were slow by themselves.
///
/// `@unchecked Sendable`: only the apply thread calls it.
final class ApplyObservation: @unchecked Sendable {
    private let registry: MetricRegistry
    private let logger: ServerLogger
    private let warningDuration: Duration
    private let warningNanoseconds: Int64
    private let puts: CounterSeries
    private let deletes: CounterSeries
    private let ranges: CounterSeries
    private let transactions: CounterSeries
    private let leasesGranted: CounterSeries
    private let leasesRevoked: CounterSeries
    private let leaseSeconds: HistogramSeries
    private let slowApplies: CounterSeries
    private var tallies: [OperationTally] = []
    private var batch = StoreOperations()
    private var transactionsInBatch = 0
    /// Coarse times of the first entry's end and of the newest entry's.
    private var firstEnd: Int64 = 0
    private var newestEnd: Int64 = 0
    private var firstEntry: [UInt8] = []
    private var firstOutcome = ApplyOutcome(revision: 0, result: .done)
    /// Log lines of the batch; they are written at its end, when the store's lock is free.
    private var lines: [() -> Void] = []

    init(registry: MetricRegistry, logger: ServerLogger, warningDuration: Duration) {
        self.registry = registry
        self.logger = logger
        self.warningDuration = warningDuration
        warningNanoseconds = warningDuration.nanosecondsClamped
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
    func add(_ operation: StaticString, _ outcome: ApplyOutcome, entry: [UInt8]) {
        checkPace(outcome, entry)
        var isFailure = false
        switch outcome.result {
        case .put: batch.puts += 1
        case .deleteRange: batch.deletes += 1
        case .range: batch.ranges += 1
        case .txn(let answer):
            var counts = StoreOperations()
            counts.add(answer.responses)
            if counts.total > 1 { transactionsInBatch += 1 }
            batch.add(counts)
        case .leaseGrant(_, let seconds):
            leasesGranted.increment()
            leaseSeconds.observe(Double(seconds))
        case .leaseRevoke: leasesRevoked.increment()
        case .failed: isFailure = true
        case .compaction, .alarm, .members, .clusterVersion, .done: break
        }
        if operation.utf8CodeUnitCount > 0 { tally(operation, isFailure: isFailure) }
    }

    /// All entries since the last call were applied in this time.
    func finishBatch(entries: Int, nanoseconds: Int64) {
        if firstEnd != 0 {
            // The first entry began with the batch, before any call told of it.
            report(firstOutcome, firstEntry, nanoseconds - (newestEnd - firstEnd))
            firstEnd = 0
            firstEntry = []
            firstOutcome = ApplyOutcome(revision: 0, result: .done)
        }
        for line in lines { line() }
        lines.removeAll()
        let meanSeconds = Double(nanoseconds) / 1e9 / Double(max(1, entries))
        for index in tallies.indices {
            tallies[index].flush(seconds: meanSeconds, into: registry)
        }
        puts.increment(by: batch.puts)
        deletes.increment(by: batch.deletes)
        ranges.increment(by: batch.ranges)
        transactions.increment(by: transactionsInBatch)
        batch = StoreOperations()
        transactionsInBatch = 0
    }

    private func checkPace(_ outcome: ApplyOutcome, _ entry: [UInt8]) {
        let now = Self.coarseNanoseconds()
        if firstEnd == 0 {
            firstEnd = now
            firstOutcome = outcome
            firstEntry = entry
        } else {
            report(outcome, entry, now - newestEnd)
        }
        newestEnd = now
    }

    private func report(_ outcome: ApplyOutcome, _ entry: [UInt8], _ nanoseconds: Int64) {
        guard nanoseconds > warningNanoseconds else { return }
        slowApplies.increment()
        later { [logger, warningDuration] in
            let request = try? InternalRaftRequest(decoding: entry)
            let fields: KeyValuePairs<String, LogValue> = [
                "took": .duration(.nanoseconds(nanoseconds)),
                "expected-duration": .duration(warningDuration), "prefix": "",
                "request": .string(request?.logText ?? ""),
                "response": .string(outcome.result.sizeText),
            ]
            logger.warn("apply request took too long", fields)
        }
    }

    /// Writes to the log at the end of the batch: entries are applied under the store's lock.
    func later(_ line: @escaping () -> Void) { lines.append(line) }

    private func tally(_ operation: StaticString, isFailure: Bool) {
        for index in tallies.indices where tallies[index].isOf(operation) {
            return tallies[index].count(isFailure: isFailure)
        }
        var tally = OperationTally(operation)
        tally.count(isFailure: isFailure)
        tallies.append(tally)
    }

    private static func coarseNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension ApplyResult {
    /// The size of the answer as etcd's logs tell it; an answer without a body has none.
    fileprivate var sizeText: String {
        switch self {
        case .put(let answer): "size:\(answer.encodedSize)"
        case .deleteRange(let answer): "size:\(answer.encodedSize)"
        case .txn(let answer): "size:\(answer.encodedSize)"
        case .range(let answer): "size:\(answer.encodedSize)"
        case .compaction, .leaseGrant, .leaseRevoke, .alarm, .members, .clusterVersion, .done,
            .failed:
            ""
        }
    }
}

/// Operations on the store, counted as etcd's metrics do: those of transactions too.
private struct StoreOperations {
    var puts = 0
    var deletes = 0
    var ranges = 0

    var total: Int { puts + deletes + ranges }

    mutating func add(_ other: StoreOperations) {
        puts += other.puts
        deletes += other.deletes
        ranges += other.ranges
    }

    mutating func add(_ answers: [OperationAnswer]) {
        for answer in answers {
            switch answer {
            case .put: puts += 1
            case .deleteRange: deletes += 1
            case .range: ranges += 1
            case .txn(let inner): add(inner.responses)
            }
        }
    }
}

/// Entries of one kind in the present batch, and the histograms they go to.
private struct OperationTally {
    private let operation: StaticString
    private var successes = 0
    private var failures = 0
    /// Made when there is something to show, as etcd's are.
    private var succeeded: HistogramSeries?
    private var failed: HistogramSeries?

    init(_ operation: StaticString) {
        self.operation = operation
    }

    /// Names are constants, so almost always the same address.
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
