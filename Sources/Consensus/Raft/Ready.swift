package import Identifiers

/// The leader and this member's role; not persisted.
package struct SoftState: Equatable, Sendable {
    /// The leader of the current term, if known.
    package var leader: MemberID?
    package var role: RoleName

    package init(leader: MemberID?, role: RoleName) {
        self.leader = leader
        self.role = role
    }
}

/// The roles of a member, without their state.
package enum RoleName: String, Sendable {
    case follower
    case preCandidate
    case candidate
    case leader
}

/// A response to `readIndex`: a state that has applied `index` may serve the read.
package struct ReadState: Equatable, Sendable {
    package var index: LogIndex
    /// The context passed to `readIndex`.
    package var context: UInt64

    package init(index: LogIndex, context: UInt64) {
        self.index = index
        self.context = context
    }
}

/// One write to the log on disk: all of it is durable before `persisted(through:)` is called.
///
/// Writes are performed in the order of their numbers; within one write: snapshot, entries, hard
/// state. Several may be in progress.
package struct LogWrite: Sendable {
    package var number: WriteNumber
    /// Replaces the log and the application's state before `entries` are appended.
    package var snapshot: Snapshot?
    /// Entries to append; if the log on disk reaches the first of them, it is truncated there
    /// before.
    package var entries: [Entry]
    package var hardState: HardState?
    /// Whether an fdatasync is needed; if not, only the commit index changed, and the write may be
    /// reported as persisted once it is written to the file.
    package var mustSynchronize: Bool
    /// Messages to send when this write, and so every earlier one, is durable.
    package var messagesAfter: [Message]

    package init(
        number: WriteNumber,
        snapshot: Snapshot? = nil,
        entries: [Entry] = [],
        hardState: HardState? = nil,
        mustSynchronize: Bool = false,
        messagesAfter: [Message] = []
    ) {
        self.number = number
        self.snapshot = snapshot
        self.entries = entries
        self.hardState = hardState
        self.mustSynchronize = mustSynchronize
        self.messagesAfter = messagesAfter
    }
}

/// The output after a batch of inputs; returned by `RaftMachine.takeReady`.
package struct Ready: Sendable {
    /// Set if leader or role changed.
    package var softState: SoftState?
    /// Set if there is something to persist, or if messages wait for earlier writes.
    package var write: LogWrite?
    /// Messages to send now, in parallel with `write`. The data of a snapshot message is empty: the
    /// sender fills in the application's state, at the message's index or later.
    package var messages: [Message]
    /// Entries to apply, in order; reported by `applied(to:)`.
    package var committed: [Entry]
    /// Responses to `readIndex` of this member.
    package var readStates: [ReadState]

    package init() {
        messages = []
        committed = []
        readStates = []
    }

    /// Whether there is nothing to do.
    package var isEmpty: Bool {
        softState == nil && write == nil && messages.isEmpty && committed.isEmpty
            && readStates.isEmpty
    }
}
