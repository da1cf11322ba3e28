import FoundationEssentials
package import Identifiers

/// A request to the peer endpoint `/members/hashkv`.
package struct HashRequest: Equatable, Sendable {
    /// 0 for the newest revision.
    package var revision: Revision

    package init(revision: Revision) { self.revision = revision }

    package var json: String { revision == 0 ? "{}" : "{\"revision\":\(revision)}" }

    /// nil when the bytes are anything else.
    package init?(json bytes: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else {
            return nil
        }
        revision = Revision(fields.revision ?? 0)
    }

    private struct Fields: Decodable {
        var revision: Int64?
    }
}

/// A member's response to a HashRequest.
package struct HashResponse: Equatable, Sendable {
    /// The member's newest revision.
    package var newestRevision: Revision
    package var hash: UInt32
    /// -1 when nothing was compacted.
    package var compactRevision: Revision
    /// The revision that was hashed; 0 from members before 3.6, which do not report it.
    package var hashRevision: Revision

    package init(
        newestRevision: Revision, hash: UInt32, compactRevision: Revision, hashRevision: Revision
    ) {
        self.newestRevision = newestRevision
        self.hash = hash
        self.compactRevision = compactRevision
        self.hashRevision = hashRevision
    }

    /// Zero fields are omitted, as by Go's encoder.
    package var json: String {
        let header = newestRevision == 0 ? "{}" : "{\"revision\":\(newestRevision)}"
        let fields = [
            ("hash", Int64(hash)), ("compact_revision", compactRevision.rawValue),
            ("hash_revision", hashRevision.rawValue),
        ]
        let rest = fields.filter { $0.1 != 0 }.map { ",\"\($0.0)\":\($0.1)" }.joined()
        return "{\"header\":\(header)\(rest)}"
    }

    /// nil when the bytes are anything else.
    package init?(json bytes: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else {
            return nil
        }
        newestRevision = Revision(fields.header?.revision ?? 0)
        hash = fields.hash ?? 0
        compactRevision = Revision(fields.compact_revision ?? 0)
        hashRevision = Revision(fields.hash_revision ?? 0)
    }

    private struct Fields: Decodable {
        var header: Header?
        var hash: UInt32?
        var compact_revision: Int64?
        var hash_revision: Int64?
    }

    private struct Header: Decodable {
        var revision: Int64?
    }
}
