import Identifiers
import InitialMembers
import MonotonicClock
import ServerLogging
import Bootstrap
import EtcdAPI
import Membership
import StateMachine

/// Compares the data of a member with that of the others before its threads run, so that a member
/// with corrupt data neither votes nor leads.
///
/// Members that do not respond are skipped, since they may be starting too.
struct InitialCorruptionCheck {
    let state: StateMachine
    let calls: PeerCalls
    let logger: ServerLogger

    private var localID: MemberID { state.membership.localID }

    /// - Throws: for a mismatch at the same compact revision, or if this member cannot hash.
    func run() async throws {
        logger.info(
            "starting initial corruption check",
            [
                "local-member-id": .hex(localID.rawValue),
                "timeout": .duration(Duration(calls.timeout)),
            ])
        // No thread runs yet that the scan could delay.
        let own = HashResponse(try state.store.hashKV(at: 0))
        var hasMismatch = false
        for other in await calls.hashes(of: state.membership, at: own.hashRevision) {
            switch other.result {
            case .success(let response) where response.hash == own.hash: continue
            case .success(let response):
                let isSame = response.compactRevision == own.compactRevision
                hasMismatch = hasMismatch || isSame
                let kind = isSame ? "hash" : "compact revision"
                logMismatch("found different \(kind) values from remote peer", own, other)
            case .failure(.future):
                logMismatch("cannot fetch hash from slow remote peer", own, other)
            case .failure(.compacted):
                logMismatch(
                    "cannot fetch hash from remote peer; local member is behind", own, other)
            case .failure(.otherCluster): logMismatch("cluster ID mismatch", own, other)
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

    private func logMismatch(_ message: String, _ own: HashResponse, _ other: PeerHash) {
        let response = other.response
        logger.warn(
            message,
            [
                "local-member-id": .hex(localID.rawValue),
                "local-member-revision": .integer(own.hashRevision.rawValue),
                "local-member-compact-revision": .integer(own.compactRevision.rawValue),
                "local-member-hash": .number(own.hash),
                "remote-peer-id": .hex(other.member.id.rawValue),
                "remote-peer-endpoints": .strings(other.member.peerURLs),
                "remote-peer-revision": .integer(response?.newestRevision.rawValue ?? 0),
                "remote-peer-compact-revision": .integer(response?.compactRevision.rawValue ?? 0),
                "remote-peer-hash": .number(response?.hash ?? 0),
            ])
    }
}
