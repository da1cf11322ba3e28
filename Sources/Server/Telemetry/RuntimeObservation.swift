package import Auth
package import Credentials
package import GRPCServices
package import Identifiers
package import MonotonicClock
package import ServerLogging
package import Prometheus
package import Bolt
package import HTTPServices
package import Raft
import MemberRuntime
package import Stages
package import StateMachine
import Synchronization
package import WriteAheadLog

/// Metrics and log lines of the runtime's threads, and what they pass to the holder of tokens.
///
/// Called on these threads: counters need no lock, except for rare events that are logged.
package final class RuntimeObservation: RuntimeObserver {
    let memberID: MemberID
    let clusterID: ClusterID
    let logger: ServerLogger
    let raftLogger: ServerLogger
    let consensus: ConsensusMetrics
    let storage: StorageMetrics
    private let tokens: any TokenProvider
    /// The traced proposals; nil if nothing is traced.
    private let proposalTimes: ProposalTimes?
    private let applies: ApplyObservation
    private let failureHandler: @Sendable (String) -> Void

    /// - Parameters:
    ///   - database: the file whose size is logged.
    ///   - tokens: is passed each applied request about users.
    ///   - warningApplyDuration: entries that take longer to apply are logged.
    ///   - proposalTimes: are notified of log writes and applied entries.
    ///   - onFailure: called once, on a thread of the runtime, when the member cannot continue.
    package init(
        memberID: MemberID, clusterID: ClusterID = ClusterID(0), database: Bolt? = nil,
        registry: MetricRegistry,
        logger: ServerLogger, tokens: any TokenProvider,
        warningApplyDuration: Duration = .milliseconds(100),
        proposalTimes: ProposalTimes? = nil,
        onFailure: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.memberID = memberID
        self.clusterID = clusterID
        self.logger = logger
        self.tokens = tokens
        self.proposalTimes = proposalTimes
        raftLogger = logger.named("raft")
        consensus = ConsensusMetrics(registry: registry)
        storage = StorageMetrics(registry: registry)
        if let database { storage.watch(database) }
        applies = ApplyObservation(
            registry: registry, logger: logger, warningDuration: warningApplyDuration)
        failureHandler = onFailure
        registry.setInfo("etcd_server_id", memberID.description)
    }

    package func failed(_ reason: String) {
        logger.error("the member stopped", ["error": .string(reason)])
        failureHandler(reason)
    }
}

/// Consensus.
extension RuntimeObservation {
    package func roleChanged(_ state: SoftState, term: Term) {
        let previous = consensus.record(state)
        let own = memberID
        if previous.role != state.role {
            raftLogger.info("\(own) became \(Self.name(of: state.role)) at term \(term)")
        }
        guard previous.leader != state.leader else { return }
        switch (previous.leader, state.leader) {
        case (nil, let leader?):
            raftLogger.info(
                "raft.node: \(own) elected leader \(leader) at term \(term)")
        case (let old?, let leader?):
            raftLogger.info(
                "raft.node: \(own) changed leader from \(old) to \(leader) at term "
                    + "\(term)")
        case (let old?, nil):
            raftLogger.info("raft.node: \(own) lost leader \(old) at term \(term)")
        case (nil, nil): break
        }
    }

    package func heartbeatLate(to member: MemberID, exceeded: TimeSpan, interval: TimeSpan) {
        consensus.heartbeatsLate.increment()
        logger.warn(
            "leader failed to send out heartbeat on time; took too long, leader is overloaded "
                + "likely from slow disk",
            [
                "to": .string(member.description),
                "heartbeat-interval": .duration(Duration(interval)),
                "expected-duration": .duration(Duration(interval * 2)),
                "exceeded-duration": .duration(Duration(exceeded)),
            ])
    }

    private static func name(of role: RoleName) -> String {
        switch role {
        case .follower: "follower"
        case .preCandidate: "pre-candidate"
        case .candidate: "candidate"
        case .leader: "leader"
        }
    }
}

/// Applying.
extension RuntimeObservation {
    package func applied(entries: Int, took time: TimeSpan) {
        applies.finishBatch(entries: entries, took: time)
    }

    package func applied(_ applied: AppliedEntry, _ entry: Entry, began: MonotonicTime) {
        proposalTimes?.applied(applied.id, at: entry.index, began: began)
        let response = applied.response
        applies.add(applied, entry: entry.data)
        if case .compaction(let revision) = response.body {
            storage.compactionBegins()
            applies.logAfterBatch { [logger] in
                logger.info("compact tree index", ["revision": .integer(revision.rawValue)])
            }
        }
        if case .clusterVersion(let version, let previous) = response.body {
            applies.logAfterBatch { [self] in logClusterVersion(version, previous: previous) }
        }
    }

    package func authApplied(_ response: AuthResponse, index: LogIndex) {
        tokens.applied(response, index: index)
    }

    package func authReplaced(isEnabled: Bool) { tokens.authentication(isEnabled: isEnabled) }

    package func leaseExpired() { consensus.leasesExpired.increment() }

    package func proposalFailed() { consensus.proposalsFailed.increment() }

    package func readsFailed(_ count: Int) {
        consensus.slowReads.increment()
        consensus.readsFailed.increment(by: count)
    }
}

/// Storage.
extension RuntimeObservation {
    package func logWritten(bytes: Int, last: LogIndex?, took time: TimeSpan) {
        if let last { proposalTimes?.logWritten(through: last, took: time) }
        guard bytes > 0 else { return }
        storage.logWrite.observe(time)
        storage.logWrittenBytes.add(Double(bytes))
    }

    package func logSynchronized(took time: TimeSpan) {
        proposalTimes?.logSynchronized()
        storage.logSynchronization.observe(time)
        guard time > .seconds(1) else { return }
        logger.warn(
            "slow fdatasync",
            [
                "took": .duration(Duration(time)),
                "expected-duration": .duration(.seconds(1)),
            ])
    }

    package func persisted(took time: TimeSpan, _ parts: CommitTimes) {
        storage.backendCommit.observe(time)
        storage.backendRebalancing.observe(parts.rebalancing)
        storage.backendSpilling.observe(parts.spilling)
        storage.backendWrite.observe(time - parts.rebalancing - parts.spilling)
    }

    package func compactionStep(took time: TimeSpan, isOfIndex: Bool) {
        let pause = isOfIndex ? storage.indexCompactionPause : storage.compactionPause
        pause.observe(Double(time.milliseconds))
    }

    package func compacted(revision: Revision, removed: Int, hash: UInt32) {
        let took = storage.compactionEnds(removed: removed)
        let sizes = storage.sizes()
        logger.info(
            "finished scheduled compaction",
            [
                "compact-revision": .integer(revision.rawValue), "took": .duration(Duration(took)),
                "number-of-keys-compacted": .number(removed), "hash": .number(hash),
                "current-db-size-bytes": .number(sizes.file),
                "current-db-size": .string(ByteCount.text(sizes.file)),
                "current-db-size-in-use-bytes": .number(sizes.used),
                "current-db-size-in-use": .string(ByteCount.text(sizes.used)),
            ])
    }

    package func releaseFailed(_ error: BoltError) {
        logger.warn(
            "failed to return free pages of the database to the file system",
            ["error": .string("\(error)")])
    }

    package func endsSpaceAlarm(countedBytes: Int) {
        logger.info(
            "ending the NOSPACE alarm, since the database has room again",
            ["size-in-use-bytes": .number(countedBytes)])
    }

    package func snapshotInstallationBegins(index: LogIndex) {
        storage.snapshotInstallations.add(1)
        logger.info(
            "applying snapshot", ["incoming-leader-snapshot-index": .unsigned(index.rawValue)])
    }

    package func snapshotInstalled(index: LogIndex, revision: Revision, took time: TimeSpan) {
        storage.snapshotInstallations.add(-1)
        logger.info(
            "applied snapshot",
            [
                "snapshot-index": .unsigned(index.rawValue),
                "current-rev": .integer(revision.rawValue),
                "took": .duration(Duration(time)),
            ])
    }

    package func snapshotBegins(index: LogIndex, former: LogIndex, count: Int) {
        logger.info(
            "triggering snapshot",
            [
                "local-member-id": .hex(memberID.rawValue),
                "local-member-applied-index": .unsigned(index.rawValue),
                "local-member-snapshot-index": .unsigned(former.rawValue),
                "local-member-snapshot-count": .number(count), "snapshot-forced": false,
            ])
    }

    package func snapshotSaved(index: LogIndex, term: Term, _ times: SnapshotTimes) {
        storage.snapshotEncoding.observe(times.encoding)
        storage.snapshotWriting.observe(times.writing)
        storage.snapshotTotal.observe(times.total)
        logger.info("saved snapshot to disk", ["snapshot-index": .unsigned(index.rawValue)])
    }

    package func purged(_ names: [String]) {
        for name in names { logger.info("purged", ["path": .string(name)]) }
    }

    package func purgeFailed(_ error: SnapshotStoreError) {
        logger.error("failed to purge snap file", ["error": .error(error)])
    }
}
