package import Bolt
package import EtcdAPI
import FoundationEssentials
package import Identifiers
import MVCC
package import Membership

/// How far the database has applied the log, with the ConfState and storage version recorded
/// there: bucket `meta`.
package struct ConsistentIndex: Sendable {
    /// Index of the last applied entry; 0 for a new database.
    package var index: LogIndex = .zero
    package var term: Term = .zero
    /// Raft's ConfState at that index; nil in a database that never recorded it.
    package var confState: RaftConfState?
    /// The version of the database's schema; nil before 3.6.
    package var storageVersion: SemanticVersion?

    package init(from transaction: BoltReadTransaction) throws(PageFault) {
        guard let meta = try transaction.bucket(StoreBucket.meta) else { return }
        index = LogIndex(Self.word(try meta.get(StoreBucket.consistentIndex)))
        term = Term(Self.word(try meta.get(StoreBucket.term)))
        if let stored = try meta.get(StoreBucket.confState) {
            confState = RaftConfState(stored: stored)
        }
        if let stored = try meta.get(StoreBucket.storageVersion) {
            storageVersion = SemanticVersion(String(decoding: stored, as: UTF8.self))
        }
    }

    package init(index: LogIndex, term: Term, confState: RaftConfState) {
        self.index = index
        self.term = term
        self.confState = confState
    }

    /// Stores index, term and ConfState; the storage version stays unchanged.
    package func write(to meta: BoltWriteBucket) throws(BoltError) {
        try StoreBucket.recordApplied(index: index, term: term, in: meta)
        if let confState { try meta.put(StoreBucket.confState, confState.stored) }
    }

    private static func word(_ bytes: [UInt8]?) -> UInt64 {
        guard let bytes, bytes.count == 8 else { return 0 }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The JSON of `meta/confState`.
extension RaftConfState {
    init?(stored: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(stored)) else {
            return nil
        }
        self.init(
            voters: fields.voters ?? [], learners: fields.learners ?? [],
            votersOutgoing: fields.votersOutgoing ?? [], learnersNext: fields.learnersNext ?? [],
            autoLeave: fields.autoLeave ?? false)
    }

    /// The stored form: empty lists are left out, `auto_leave` never is.
    var stored: [UInt8] {
        var fields: [String] = []
        let lists = [
            ("voters", voters), ("learners", learners), ("voters_outgoing", votersOutgoing),
            ("learners_next", learnersNext),
        ]
        for (name, list) in lists where !list.isEmpty {
            fields.append("\"\(name)\":[\(list.map(String.init).joined(separator: ","))]")
        }
        fields.append("\"auto_leave\":\(autoLeave)")
        return Array("{\(fields.joined(separator: ","))}".utf8)
    }

    private struct Fields: Decodable {
        var voters: [UInt64]?
        var learners: [UInt64]?
        var votersOutgoing: [UInt64]?
        var learnersNext: [UInt64]?
        var autoLeave: Bool?

        enum CodingKeys: String, CodingKey {
            case voters, learners
            case votersOutgoing = "voters_outgoing"
            case learnersNext = "learners_next"
            case autoLeave = "auto_leave"
        }
    }
}
