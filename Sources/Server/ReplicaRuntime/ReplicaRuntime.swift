package import Bolt
package import MVCC
import Raft
package import Replica
package import Stages
package import StateMachine
import Synchronization
package import WriteAheadLog

/// What a member is started from: its state as it was found on the disk.
package struct RuntimeParts {
    package let replica: Replica
    package let state: StateMachine
    package let log: WriteAheadLog
    package let snapshots: SnapshotStore

    package init(
        replica: Replica, state: StateMachine, log: WriteAheadLog, snapshots: SnapshotStore
    ) {
        self.replica = replica
        self.state = state
        self.log = log
        self.snapshots = snapshots
    }
}

/// The threads that run one member's stages: consensus, log, apply and backend, each with its
/// queue, and two beside them for segments and watchers.
///
/// Everything here may be called from any thread; the stages belong to their threads and are
/// reached through their queues.
package final class ReplicaRuntime: Sendable {
    package let settings: MemberSettings
    package let published: PublishedStatus
    package let admission: Admission
    /// Readable from any thread by its own rules.
    package let store: Store
    package let bolt: Bolt
    package let watchers: WatchHub
    let member: MemberParts
    private let threads: Mutex<[StageThread]>

    /// A thread, and what lets it end.
    private struct StageThread: Sendable {
        let thread: OwnedThread
        let closeQueue: @Sendable () -> Void
    }

    /// No request waits for the backend: it has a third of the others' weight, so that whoever was
    /// just woken for a request comes first, and it still keeps up under load.
    private static let backendNiceness: Int32 = 5

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - member: where the stages' effects go; its queues may have been posted to.
    package init(
        _ parts: RuntimeParts, settings: MemberSettings, status: PublishedStatus,
        admission: Admission, queues: MemberQueues, carrier: any MessageCarrier,
        observer: any RuntimeObserver
    ) {
        self.settings = settings
        self.admission = admission
        published = status
        store = parts.state.store
        bolt = parts.state.bolt
        watchers = parts.state.watchers
        member = MemberParts(
            settings: settings, status: status, admission: admission, queues: queues,
            carrier: carrier, observer: observer)
        threads = Mutex(Self.start(parts, member))
    }

    /// In the order in which work flows: so they end, and all that was taken is finished.
    private static func start(_ parts: RuntimeParts, _ member: MemberParts) -> [StageThread] {
        let consensus = Confined(ConsensusExecutor(member, replica: parts.replica))
        let apply = Confined(ApplyExecutor(member, parts))
        let log = Confined(LogThread(member, log: parts.log, snapshots: parts.snapshots))
        let backend = Confined(BackendThread(member, parts))
        let segments = SegmentWriter(member: member, preparation: parts.log.preparation)
        let catchUp = WatchCatchUp(member: member, watchers: parts.state.watchers)
        let queues = member.queues
        return [
            StageThread(
                thread: OwnedThread(name: "consensus") { queues.consensus.run(consensus.value) },
                closeQueue: queues.consensus.close),
            StageThread(
                thread: OwnedThread(name: "apply") { queues.apply.run(apply.value) },
                closeQueue: queues.apply.close),
            StageThread(
                thread: OwnedThread(name: "log") { log.value.run() },
                closeQueue: queues.log.close),
            StageThread(
                thread: OwnedThread(name: "backend", niceness: backendNiceness) {
                    backend.value.run()
                }, closeQueue: queues.backend.close),
            StageThread(
                thread: OwnedThread(name: "segments") { segments.run() },
                closeQueue: queues.segments.close),
            StageThread(
                thread: OwnedThread(name: "watchers") { catchUp.run() },
                closeQueue: queues.catchUp.close),
        ]
    }

    /// Ends the threads. Called once; further calls do nothing.
    package func stop() {
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        guard !running.isEmpty else { return }
        published.noteStopping()
        for stage in running {
            stage.closeQueue()
            if !stage.thread.isCurrent { stage.thread.join() }
        }
    }
}

/// What everybody may see.
extension ReplicaRuntime {
    /// The consensus stage's view as it was last published.
    package var status: ReplicaStatus { published.replica }

    /// The term of `status`, as headers of answers have it.
    package var term: UInt64 { published.term }

    /// Whether this member has no vote, as far as it has applied; before that, as it joined.
    package var isLearner: Bool { published.isLearner }

    /// Index of the last applied entry.
    package var applied: UInt64 { published.applied }

    /// Proposals that wait for their outcome.
    package var pendingProposals: Int { published.pendingProposals }

    /// Whether the member has stopped, by itself or because it was asked to.
    package var hasStopped: Bool { published.hasStopped }

    /// The quota in bytes; 0 without one.
    package var quotaBytes: Int64 { admission.quotaBytes }
}
