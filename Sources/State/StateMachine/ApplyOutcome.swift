package import EtcdAPI
package import Membership

/// What applying one request has come to. Values that clients get are already encoded.
package struct ApplyOutcome: Sendable {
    /// Revision for the answer's header: that of the store after the request.
    package var revision: Int64
    package var result: ApplyResult

    package init(revision: Int64, result: ApplyResult) {
        self.revision = revision
        self.result = result
    }
}

/// The answer to one applied request, without its header.
package enum ApplyResult: Sendable {
    case put(PutAnswer)
    case deleteRange(DeleteRangeAnswer)
    case txn(TxnAnswer)
    case range(RangeAnswer)
    /// Its keys go in the background; `finished` tells of compactions by this revision.
    case compaction(revision: Int64)
    case leaseGrant(id: Int64, seconds: Int64)
    case leaseRevoke
    case alarm([Alarm])
    /// The members after a change.
    case members([Member])
    /// The version that the cluster agrees on now, and before.
    case clusterVersion(SemanticVersion, previous: SemanticVersion?)
    /// Nothing to tell.
    case done
    case failed(EtcdError)
}

/// A change of membership that was applied, for the consensus layer to follow.
package enum AppliedConfigurationChange: Sendable, Equatable {
    /// An encoded ConfChange, the entry at an index.
    case single([UInt8], index: UInt64)
    /// An encoded ConfChangeV2, the entry at an index.
    case general([UInt8], index: UInt64)
}

/// How far the state machine has come.
package struct ApplyProgress: Sendable {
    package var index: UInt64
    package var configurationChanges: [AppliedConfigurationChange]

    package init(index: UInt64, configurationChanges: [AppliedConfigurationChange] = []) {
        self.index = index
        self.configurationChanges = configurationChanges
    }
}
