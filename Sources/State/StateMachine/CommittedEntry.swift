package import EtcdAPI
package import MVCC
package import Membership

/// One committed entry of the log, as the state machine gets it.
package struct CommittedEntry: Sendable {
    package enum Kind: Sendable {
        case request
        /// An encoded ConfChange.
        case memberChange
        /// An encoded ConfChangeV2.
        case generalChange
    }

    package let index: UInt64
    package let term: UInt64
    package let kind: Kind
    package let data: [UInt8]
    /// The request of an entry that was decoded before; nil has it decoded when it is applied.
    package let request: InternalRaftRequest?

    package init(
        index: UInt64, term: UInt64, kind: Kind, data: [UInt8],
        request: InternalRaftRequest? = nil
    ) {
        self.index = index
        self.term = term
        self.kind = kind
        self.data = data
        self.request = request
    }
}

/// What applying one entry came to, and what it makes necessary elsewhere.
package struct AppliedEntry: Sendable {
    /// The id that the request's proposer gave it; 0 for an entry without a request.
    package var id: UInt64 = 0
    package var outcome: ApplyOutcome
    /// The kind of request, as etcd's metrics name it.
    package var operation: StaticString = ""
    /// For the consensus layer.
    package var change: AppliedConfigurationChange?
    /// A compaction is to be carried out up to this revision,
    package var compaction: Int64?
    /// and its proposer waits for the end of it.
    package var isPhysical = false
    /// The database is full: this member has to raise its alarm.
    package var raisesSpaceAlarm = false
    /// The log before this entry should not be needed any more.
    package var wantsSnapshot = false
    /// What became of the membership.
    package var memberChange: MemberChange?
    /// This member is none any more: it has to stop.
    package var removesLocalMember = false

    package init(outcome: ApplyOutcome) { self.outcome = outcome }
}

/// Why the state cannot go on. The member must stop.
package enum StateError: Error, Equatable, Sendable {
    /// A committed entry that is no request.
    case undecodableEntry(index: UInt64)
    /// A committed request of a kind that this version does not know.
    case unknownRequest(index: UInt64, field: UInt32)
    /// What a committed request reads or changes is damaged, or cannot be changed.
    case store(StoreError)
    /// A committed request that changes users or roles, named as etcd's metrics name it.
    case changesUsers(index: UInt64, request: String)
}

extension StateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .undecodableEntry(let index): "entry \(index) of the log is no request"
        case .unknownRequest(let index, let field):
            "entry \(index) of the log is of an unknown kind (field \(field))"
        case .changesUsers(let index, let request):
            "entry \(index) of the log (\(request)) changes users, roles or whether "
                + "authentication is enabled, which is not supported yet. "
                + StateRefusal.isIntact
        case .store(let failure): "\(failure)"
        }
    }
}
