import ClientAPI
import EtcdAPI
import MVCC
import Membership
import ReplicaRuntime
import StateMachine
import SwiftProtobuf

/// Compares the data of this member with that of the others, by hashes, while it leads: its hash
/// at its newest revision, and those that compactions made.
struct CorruptionChecks: Sendable {
    let context: ServiceContext
    let calls: PeerCalls
    let localID: MemberID
    let logger: ServerLogger

    private var runtime: ReplicaRuntime { context.runtime }

    /// Compares the newest revision at each interval, as long as the task runs.
    func checkPeriodically(every interval: Duration) async {
        guard interval > .zero else { return }
        logger.info(
            "enabled corruption checking",
            ["local-member-id": .hex(localID.rawValue), "interval": .duration(interval)])
        let duty = LeaderDuty(
            runtime: runtime, logger: logger, failure: "failed to check hash KV")
        await duty.run(every: interval) { () async throws(EtcdError) in try await checkNewest() }
    }

    private func checkNewest() async throws(EtcdError) {
        let first = try await context.hash(at: 0)
        let membership = try await runtime.readState { $0.membership }
        let others = await calls.hashes(of: membership, at: first.hashRevision)
            .map { (id: $0.member.id, answer: $0.answer) }
        try await runtime.linearize()
        let second = try await context.hash(at: 0)
        let judgement = PeriodicHashJudgement(
            leader: localID, first: first, second: second, others: others)
        if let (member, reason) = judgement.corrupt {
            logger.warn(
                reason,
                [
                    "leader-revision": .integer(second.newestRevision),
                    "leader-compact-revision": .integer(second.compactRevision),
                    "leader-hash": .number(first.hash), "follower-peer-id": .hex(member.rawValue),
                ])
            await raiseAlarm(for: member.rawValue)
        }
        logger.info(
            "finished peer corruption check",
            ["number-of-peers-checked": .number(others.count { $0.answer != nil })])
    }

    /// Raises the alarm; who reads of it must not trust this cluster's data any more.
    private func raiseAlarm(for member: UInt64) async {
        var alarm = Etcdserverpb_AlarmRequest()
        alarm.action = .activate
        alarm.memberID = member
        alarm.alarm = .corrupt
        guard let payload: [UInt8] = try? alarm.serializedBytes() else { return }
        // A lost proposal comes again with the next check.
        _ = try? await runtime.propose(
            field: InternalRaftRequest.Field.alarm, payload: payload)
    }
}

/// Hashes of compactions: all members compact at the same revisions, so they can be compared
/// without reading the data again.
extension CorruptionChecks {
    /// Compares what compactions have hashed at each interval, as long as the task runs.
    func checkCompactions(every interval: Duration) async {
        var newestChecked: Int64 = 0
        while (try? await Task.sleep(for: interval)) != nil {
            guard runtime.status.isLeader else { continue }
            logger.info(
                "starting compact hash check",
                [
                    "local-member-id": .hex(localID.rawValue),
                    "timeout": .duration(.milliseconds(calls.timeoutMilliseconds)),
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

    /// - Returns: whether all members agree; nil when an older hash has to be looked at.
    private func check(_ hash: KeyValueHash) async -> Bool? {
        guard let membership = try? await runtime.readState({ $0.membership }) else {
            return nil
        }
        let others = await calls.hashes(of: membership, at: hash.revision)
            .map { (id: $0.member.id, answer: $0.answer) }
        guard !others.isEmpty else { return nil }
        let judgement = HashJudgement(
            leader: localID, hash: hash.hash, compactRevision: hash.compactRevision,
            others: others)
        switch judgement.verdict {
        case .consistent:
            logger.info(
                "successfully checked hash on whole cluster", fields(hash, judgement, others.count))
            return true
        case .incomplete:
            logger.warn(
                "skipped revision in compaction hash check; was not able to check all peers",
                fields(hash, judgement, others.count))
            return nil
        case .corrupt(let members):
            logger.error(
                members.isEmpty
                    ? "Detected compaction hash mismatch but cannot identify the corrupted "
                        + "members, so intentionally set the memberID as 0"
                    : "Detected compaction hash mismatch",
                [
                    "leader-id": .hex(localID.rawValue),
                    "leader-revision": .integer(hash.revision),
                    "leader-compact-revision": .integer(hash.compactRevision),
                    "leader-hash": .number(hash.hash),
                    "peer-ids": .string(members.map(\.description).joined(separator: ",")),
                    "quorum-exist": .boolean(!members.isEmpty),
                ])
            for member in members.isEmpty ? [0] : members.map(\.rawValue) {
                await raiseAlarm(for: member)
            }
            return false
        }
    }

    private func fields(
        _ hash: KeyValueHash, _ judgement: HashJudgement, _ count: Int
    ) -> KeyValuePairs<String, LogValue> {
        [
            "number-of-peers-checked": .number(judgement.comparedCount),
            "number-of-peers": .number(count), "revision": .integer(hash.revision),
            "compactRevision": .integer(hash.compactRevision),
        ]
    }
}
