package import Bolt
package import Identifiers
package import MVCC
import Raft
package import Replica
package import Stages
package import StateMachine
import Synchronization
package import WriteAheadLog

/// What a member starts from: its state as read from the disk.
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
/// queue, and two more for segments and watchers.
///
/// Any thread may call everything here; the stages belong to their threads and are reached through
/// their queues.
package final class MemberRuntime: Sendable {
    package let configuration: MemberConfiguration
    package let status: PublishedStatus
    package let admission: Admission
    /// Readable from any thread by its own rules.
    package let store: Store
    package let bolt: Bolt
    package let watchers: WatchDispatcher
    let member: MemberContext
    private let threads: Mutex<[MemberThread]>

    /// A thread, and how to end it.
    private struct MemberThread: Sendable {
        let thread: OwnedThread
        let closeQueue: @Sendable () -> Void
    }

    /// No request waits for the backend: its thread has a third of the others' scheduling weight,
    /// so that a thread just woken for a request runs first, and it still keeps up under load.
    private static let backendNiceness: Int32 = 5

    /// Starts the threads.
    ///
    /// - Parameter queues: may hold items already.
    package init(
        _ parts: RuntimeParts, configuration: MemberConfiguration, status: PublishedStatus,
        admission: Admission, queues: MemberQueues, transport: any MessageTransport,
        observer: any RuntimeObserver
    ) {
        self.configuration = configuration
        self.admission = admission
        self.status = status
        store = parts.state.store
        bolt = parts.state.bolt
        watchers = parts.state.watchers
        member = MemberContext(
            configuration: configuration, status: status, admission: admission, queues: queues,
            transport: transport, observer: observer)
        threads = Mutex(Self.start(parts, member))
    }

    /// In the order of the data flow: they end in this order, so that everything taken is finished.
    private static func start(_ parts: RuntimeParts, _ member: MemberContext) -> [MemberThread] {
        let consensus = Confined(ConsensusExecutor(member, replica: parts.replica))
        let apply = Confined(ApplyExecutor(member, parts))
        let log = Confined(LogThread(member, log: parts.log, snapshots: parts.snapshots))
        let backend = Confined(BackendThread(member, parts))
        let segments = SegmentWriter(member: member, preparation: parts.log.preparation)
        let catchUp = WatchCatchUp(member: member, watchers: parts.state.watchers)
        let queues = member.queues
        return [
            MemberThread(
                thread: OwnedThread(name: "consensus") { queues.consensus.run(consensus.value) },
                closeQueue: queues.consensus.close),
            MemberThread(
                thread: OwnedThread(name: "apply") { queues.apply.run(apply.value) },
                closeQueue: queues.apply.close),
            MemberThread(
                thread: OwnedThread(name: "log") { log.value.run() },
                closeQueue: queues.log.close),
            MemberThread(
                thread: OwnedThread(name: "backend", niceness: backendNiceness) {
                    backend.value.run()
                }, closeQueue: queues.backend.close),
            MemberThread(
                thread: OwnedThread(name: "segments") { segments.run() },
                closeQueue: queues.segments.close),
            MemberThread(
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
        status.recordStopping()
        for item in running {
            item.closeQueue()
            if !item.thread.isCurrent { item.thread.join() }
        }
    }
}

/// State readable by any thread.
extension MemberRuntime {
    /// The last published view of the consensus stage.
    package var replicaStatus: ReplicaStatus { status.replica }

    /// The term of `replicaStatus`, for response headers.
    package var term: Term { status.term }

    /// Whether this member is a learner as far as it has applied; before that, as it joined.
    package var isLearner: Bool { status.isLearner }

    /// Index of the last applied entry.
    package var applied: LogIndex { status.applied }

    /// Proposals that wait for their response.
    package var pendingProposals: Int { status.pendingProposals }

    /// Whether the member has stopped, because of a failure or a call of `stop`.
    package var hasStopped: Bool { status.hasStopped }

    /// The quota in bytes; 0 without one.
    package var quotaBytes: Int64 { admission.quotaBytes }
}
