package import EtcdAPI
package import Identifiers
package import MVCC
package import Membership

/// One committed entry of the log, to be applied by the state machine.
package struct CommittedEntry: Sendable {
    package enum Kind: Sendable {
        case request
        /// An encoded ConfChange.
        case memberChange
        /// An encoded ConfChangeV2.
        case generalChange
    }

    package let index: LogIndex
    package let term: Term
    package let kind: Kind
    package let data: [UInt8]
    /// The request if it is decoded already; otherwise it is decoded when it is applied.
    package let request: InternalRaftRequest?

    package init(
        index: LogIndex, term: Term, kind: Kind, data: [UInt8],
        request: InternalRaftRequest? = nil
    ) {
        self.index = index
        self.term = term
        self.kind = kind
        self.data = data
        self.request = request
    }
}

/// The response to one applied entry, and its effects on the rest of the member.
package struct AppliedEntry: Sendable {
    /// The request ID that the proposer assigned; 0 for an entry without a request.
    package var id: UInt64 = 0
    package var response: ApplyResponse
    /// The kind of request, by its name in etcd's metrics.
    package var operation: StaticString = ""
    /// What it has executed on the store.
    package var executed = ExecutedOperations()
    /// The configuration change that Raft has to apply.
    package var change: AppliedConfigurationChange?
    /// The revision up to which a compaction is scheduled.
    package var compaction: Revision?
    /// Whether the proposer waits until the compaction has finished.
    package var isPhysical = false
    /// The database is full: this member has to raise the NOSPACE alarm.
    package var raisesSpaceAlarm = false
    /// The log before this entry should be replaced by a snapshot.
    package var wantsSnapshot = false
    /// The change of the membership.
    package var memberChange: MemberChange?
    /// This member was removed and has to stop.
    package var removesLocalMember = false

    package init(response: ApplyResponse) { self.response = response }
}

/// Why an entry cannot be applied. The member must stop.
package enum StateError: Error, Equatable, Sendable {
    /// The committed entry does not contain a request.
    case undecodableEntry(index: LogIndex)
    /// The committed request is of a kind that this version does not know.
    case unknownRequest(index: LogIndex, field: UInt32)
    /// The store is damaged or cannot be changed.
    case store(StoreError)
}

extension StateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .undecodableEntry(let index): "entry \(index) of the log is not a request"
        case .unknownRequest(let index, let field):
            "entry \(index) of the log is of an unknown kind (field \(field))"
        case .store(let failure): "\(failure)"
        }
    }
}
