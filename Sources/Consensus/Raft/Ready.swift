/// Who leads, and what this member is; not persisted.
package struct SoftState: Equatable, Sendable {
    /// The leader of the present term, if known.
    package var leader: MemberID?
    package var role: RoleName

    package init(leader: MemberID?, role: RoleName) {
        self.leader = leader
        self.role = role
    }
}

/// The roles of a member, without what belongs to each.
package enum RoleName: String, Sendable {
    case follower
    case preCandidate
    case candidate
    case leader
}

/// An answer to `readIndex`: a state that has applied `index` may serve the read.
package struct ReadState: Equatable, Sendable {
    package var index: LogIndex
    /// What `readIndex` was called with.
    package var context: UInt64

    package init(index: LogIndex, context: UInt64) {
        self.index = index
        self.context = context
    }
}

/// One step of the log on disk: all of it is made durable before `persisted(through:)`.
///
/// Writes are performed in the order of their numbers, within one write: snapshot, entries,
/// hard state. Several may be on their way.
package struct LogWrite: Sendable {
    package var number: WriteNumber
    /// Replaces the log and the application's state before `entries` are appended.
    package var snapshot: Snapshot?
    /// To append; if the log on disk reaches to the first of them, it is cut there before.
    package var entries: [Entry]
    package var hardState: HardState?
    /// Whether an fdatasync is needed; if not, only the commit index moved, and the write may be
    /// reported as persisted when the bytes are handed to the system.
    package var mustSynchronize: Bool
    /// To be sent when this write, and so every earlier one, is durable.
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

/// What the caller has to do after a batch of inputs; taken by `RaftMachine.takeReady`.
package struct Ready: Sendable {
    /// Set if leader or role changed.
    package var softState: SoftState?
    /// Set if there is something to persist, or messages that wait for earlier writes.
    package var write: LogWrite?
    /// To be sent now, in parallel with `write`. The data of a snapshot message is empty: the
    /// sender fills in the application's state, at the message's index or later.
    package var messages: [Message]
    /// To be applied, in order; reported by `applied(to:)`.
    package var committed: [Entry]
    /// Answers to `readIndex` of this member.
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
