import Identifiers
import MonotonicClock
import ServerLogging
import GRPCServices
import EtcdAPI
import MVCC
import MemberRuntime
import StateMachine
import SwiftProtobuf

/// The leader's corruption checks: compare hashes of the key-value history between members, at the
/// newest revision and at compactions.
struct CorruptionChecks: Sendable {
    let context: ServiceContext
    let calls: PeerCalls
    let localID: MemberID
    let logger: ServerLogger

    private var runtime: MemberRuntime { context.runtime }

    /// Compares the hash at the newest revision at each interval, until the task is cancelled.
    func checkPeriodically(every interval: Duration) async {
        guard interval > .zero else { return }
        logger.info(
            "enabled corruption checking",
            ["local-member-id": .hex(localID.rawValue), "interval": .duration(interval)])
        let task = LeaderTask(
            runtime: runtime, logger: logger, failure: "failed to check hash KV")
        await task.run(every: interval) { () async throws(EtcdError) in try await checkNewest() }
    }

    private func checkNewest() async throws(EtcdError) {
        let first = try await context.hash(at: 0)
        let membership = try await runtime.readState { $0.membership }
        let others = await calls.hashes(of: membership, at: first.hashRevision)
            .map { (id: $0.member.id, response: $0.response) }
        try await runtime.linearize()
        let second = try await context.hash(at: 0)
        let comparison = PeriodicHashComparison(
            leader: localID, first: first, second: second, others: others)
        if let (member, reason) = comparison.corrupt {
            logger.warn(
                reason,
                [
                    "leader-revision": .integer(second.newestRevision.rawValue),
                    "leader-compact-revision": .integer(second.compactRevision.rawValue),
                    "leader-hash": .number(first.hash), "follower-peer-id": .hex(member.rawValue),
                ])
            await raiseAlarm(for: member)
        }
        logger.info(
            "finished peer corruption check",
            ["number-of-peers-checked": .number(others.count { $0.response != nil })])
    }

    /// Raises the CORRUPT alarm for a member.
    private func raiseAlarm(for member: MemberID) async {
        var alarm = Etcdserverpb_AlarmRequest()
        alarm.action = .activate
        alarm.memberID = member.rawValue
        alarm.alarm = .corrupt
        guard let payload: [UInt8] = try? alarm.serializedBytes() else { return }
        // If the proposal is lost, the next check repeats it.
        _ = try? await runtime.propose(
            field: InternalRaftRequest.Field.alarm, payload: payload, by: .server)
    }
}

/// Hashes of compactions: all members compact at the same revisions, so their hashes can be
/// compared without reading the data again.
extension CorruptionChecks {
    /// Compares the hashes of compactions at each interval, until the task is cancelled.
    func checkCompactions(every interval: Duration) async {
        var newestChecked: Revision = 0
        while (try? await Task.sleep(for: interval)) != nil {
            guard runtime.replicaStatus.isLeader else { continue }
            logger.info(
                "starting compact hash check",
                [
                    "local-member-id": .hex(localID.rawValue),
                    "timeout": .duration(Duration(calls.timeout)),
                ])
            let unchecked = runtime.store.compactionHashes.reversed()
                .prefix { $0.revision > newestChecked }
            var checkedCount = 0
            for hash in unchecked {
                checkedCount += 1
                guard let isDone = await check(hash) else { continue }
                if isDone { newestChecked = max(newestChecked, hash.revision) }
                break
            }
            logger.info(
                "finished compaction hash check",
                ["number-of-hashes-checked": .number(checkedCount)])
        }
    }

    /// - Returns: whether all members agree; nil when an older hash must be checked.
    private func check(_ hash: KeyValueHash) async -> Bool? {
        guard let membership = try? await runtime.readState({ $0.membership }) else {
            return nil
        }
        let others = await calls.hashes(of: membership, at: hash.revision)
            .map { (id: $0.member.id, response: $0.response) }
        guard !others.isEmpty else { return nil }
        let comparison = HashComparison(
            leader: localID, hash: hash.hash, compactRevision: hash.compactRevision,
            others: others)
        switch comparison.verdict {
        case .consistent:
            logger.info(
                "successfully checked hash on whole cluster",
                fields(hash, comparison, others.count))
            return true
        case .incomplete:
            logger.warn(
                "skipped revision in compaction hash check; was not able to check all peers",
                fields(hash, comparison, others.count))
            return nil
        case .corrupt(let members):
            logger.error(
                members.isEmpty
                    ? "Detected compaction hash mismatch but cannot identify the corrupted "
                        + "members, so intentionally set the memberID as 0"
                    : "Detected compaction hash mismatch",
                [
                    "leader-id": .hex(localID.rawValue),
                    "leader-revision": .integer(hash.revision.rawValue),
                    "leader-compact-revision": .integer(hash.compactRevision.rawValue),
                    "leader-hash": .number(hash.hash),
                    "peer-ids": .string(members.map(\.description).joined(separator: ",")),
                    "quorum-exist": .boolean(!members.isEmpty),
                ])
            for member in members.isEmpty ? [.none] : members {
                await raiseAlarm(for: member)
            }
            return false
        }
    }

    private func fields(
        _ hash: KeyValueHash, _ comparison: HashComparison, _ count: Int
    ) -> KeyValuePairs<String, LogValue> {
        [
            "number-of-peers-checked": .number(comparison.comparedCount),
            "number-of-peers": .number(count), "revision": .integer(hash.revision.rawValue),
            "compactRevision": .integer(hash.compactRevision.rawValue),
        ]
    }
}
