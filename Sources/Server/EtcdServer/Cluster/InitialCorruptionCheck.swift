import EtcdAPI
import Membership
import StateMachine

/// Compares the data of a member with that of the others before it takes part in anything: before
/// its threads run, so that a member with wrong data neither votes nor leads.
///
/// Members that do not answer are passed over, since they may be starting too.
struct InitialCorruptionCheck {
    let state: StateMachine
    let calls: PeerCalls
    let logger: ServerLogger

    private var localID: MemberID { state.membership.localID }

    /// - Throws: a mismatch with the same compaction, or that this member has no hash.
    func run() async throws {
        logger.info(
            "starting initial corruption check",
            [
                "local-member-id": .hex(localID.rawValue),
                "timeout": .duration(.milliseconds(calls.timeoutMilliseconds)),
            ])
        // Nothing runs yet that the scan could hold up.
        let own = HashAnswer(try state.store.hashKV(at: 0))
        var hasMismatch = false
        for other in await calls.hashes(of: state.membership, at: own.hashRevision) {
            switch other.result {
            case .success(let answer) where answer.hash == own.hash: continue
            case .success(let answer):
                let isSame = answer.compactRevision == own.compactRevision
                hasMismatch = hasMismatch || isSame
                let kind = isSame ? "hash" : "compact revision"
                tell("found different \(kind) values from remote peer", own, other)
            case .failure(.future): tell("cannot fetch hash from slow remote peer", own, other)
            case .failure(.compacted):
                tell("cannot fetch hash from remote peer; local member is behind", own, other)
            case .failure(.otherCluster): tell("cluster ID mismatch", own, other)
            case .failure(.other): continue
            }
        }
        guard !hasMismatch else {
            throw BootstrapError("\(localID) found data inconsistency with peers")
        }
        logger.info(
            "initial corruption checking passed; no corruption",
            ["local-member-id": .hex(localID.rawValue)])
    }

    private func tell(_ message: String, _ own: HashAnswer, _ other: PeerHash) {
        let answer = other.answer
        logger.warn(
            message,
            [
                "local-member-id": .hex(localID.rawValue),
                "local-member-revision": .integer(own.hashRevision),
                "local-member-compact-revision": .integer(own.compactRevision),
                "local-member-hash": .number(own.hash),
                "remote-peer-id": .hex(other.member.id.rawValue),
                "remote-peer-endpoints": .strings(other.member.peerURLs),
                "remote-peer-revision": .integer(answer?.newestRevision ?? 0),
                "remote-peer-compact-revision": .integer(answer?.compactRevision ?? 0),
                "remote-peer-hash": .number(answer?.hash ?? 0),
            ])
    }
}
