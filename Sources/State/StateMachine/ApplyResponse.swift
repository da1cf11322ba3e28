package import Auth
package import EtcdAPI
package import Identifiers
package import Membership

/// The response to one applied request. Values for clients are already encoded.
package struct ApplyResponse: Sendable {
    /// Revision for the response header: the store's after the request.
    package var revision: Revision
    package var body: ApplyResponseBody

    package init(revision: Revision, body: ApplyResponseBody) {
        self.revision = revision
        self.body = body
    }
}

/// The response to one applied request, without its header.
package enum ApplyResponseBody: Sendable {
    case put(PutResponse)
    case deleteRange(DeleteRangeResponse)
    case txn(TxnResponse)
    case range(RangeResponse)
    /// Keys are removed in the background; `finished` reports compactions by this revision.
    case compaction(revision: Revision)
    case leaseGrant(id: Int64, seconds: Int64)
    case leaseRevoke
    case alarm([Alarm])
    /// The members after a change.
    case members([Member])
    /// The new cluster version and the previous one.
    case clusterVersion(SemanticVersion, previous: SemanticVersion?)
    /// The index of the entry is a part of the token of a login. Indirect to keep the responses to
    /// frequent requests small.
    indirect case auth(AuthResponse, index: LogIndex)
    /// Nothing to return.
    case done
    /// The request was executed. Nobody on this member waits for its response, so it was not built.
    case omitted
    case failed(EtcdError)
}

/// An applied configuration change, to be applied by Raft too.
package enum AppliedConfigurationChange: Sendable, Equatable {
    /// An encoded ConfChange and the index of its entry.
    case single([UInt8], index: LogIndex)
    /// An encoded ConfChangeV2 and the index of its entry.
    case general([UInt8], index: LogIndex)
}

/// How far the state machine has applied the log.
package struct ApplyProgress: Sendable {
    package var index: LogIndex
    package var configurationChanges: [AppliedConfigurationChange]

    package init(index: LogIndex, configurationChanges: [AppliedConfigurationChange] = []) {
        self.index = index
        self.configurationChanges = configurationChanges
    }
}
