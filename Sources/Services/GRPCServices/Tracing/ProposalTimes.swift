package import Identifiers
internal import MemberRuntime
package import MonotonicClock
internal import Synchronization

/// When the entries of traced proposals were written to the log and applied on this member.
///
/// The log and apply threads report to it; event loops take the times of their proposals when these
/// complete. Bounded: beyond a number of proposals their times are not kept.
package final class ProposalTimes: Sendable {
    struct Interval: Sendable {
        var began: MonotonicTime
        var ended: MonotonicTime
    }

    struct Times: Sendable {
        var index: LogIndex?
        /// nil: the log was not written yet, or too many writes ago.
        var logWrite: Interval?
        var apply: Interval?
    }

    private struct LogWrite {
        let through: LogIndex
        var interval: Interval
        var isDurable = false
    }

    private struct State {
        var proposals: [UInt64: Times] = [:]
        /// The newest writes, in their order.
        var writes: [LogWrite] = []
    }

    private static let proposalsMax = 4096
    private static let writesMax = 256

    private let state = Mutex(State())

    package init() {}

    /// A traced proposal was submitted.
    func expect(_ id: UInt64) {
        state.withLock { state in
            guard state.proposals.count < Self.proposalsMax else { return }
            state.proposals[id] = Times()
        }
    }

    /// A traced proposal has completed; nil if it was not expected.
    func take(_ id: UInt64) -> Times? {
        state.withLock { state in
            guard var times = state.proposals.removeValue(forKey: id), let index = times.index
            else {
                return nil
            }
            times.logWrite = state.writes.first { $0.through >= index && $0.isDurable }?.interval
            return times
        }
    }

    /// Entries up to an index were appended. On the log thread.
    package func logWritten(through last: LogIndex, took time: TimeSpan) {
        let now = MonotonicTime.now()
        state.withLock { state in
            // Writes are removed half of them at a time.
            if state.writes.count >= Self.writesMax {
                state.writes.removeFirst(Self.writesMax / 2)
            }
            let began = MonotonicTime(nanoseconds: now.nanoseconds - time.nanoseconds)
            state.writes.append(
                LogWrite(through: last, interval: Interval(began: began, ended: now)))
        }
    }

    /// What was appended is durable. On the log thread.
    package func logSynchronized() {
        let now = MonotonicTime.now()
        state.withLock { state in
            var index = state.writes.count - 1
            while index >= 0, !state.writes[index].isDurable {
                state.writes[index].isDurable = true
                state.writes[index].interval.ended = now
                index -= 1
            }
        }
    }

    /// A request was applied. On the apply thread.
    package func applied(_ id: UInt64, at index: LogIndex, began: MonotonicTime) {
        state.withLock { state in
            guard let position = state.proposals.index(forKey: id) else { return }
            state.proposals.values[position].index = index
            state.proposals.values[position].apply = Interval(began: began, ended: .now())
        }
    }
}
