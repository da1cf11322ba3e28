internal import EtcdAPI
import Membership
import SwiftProtobuf

/// Members as a 3.5 knew them: what its database leaves out stands in the snapshot and the log.
extension StateMachine {
    /// Whether the database may lack what members have published: it is none of 3.6 or later.
    package var lacksPublications: Bool { notedVersion == nil }

    /// Fills in what members have published, from the tree of the snapshot that the state began
    /// with and from the entries behind it that the database has already seen.
    ///
    /// Before the first entry is applied, or between two batches. Apply thread, or at start.
    package func recallPublications(tree: [UInt8], entries: some Sequence<[UInt8]>) {
        let told =
            ClusterMembership.publications(inLegacyTree: tree)
            + entries.compactMap(Self.publication(in:))
        mutate { membership.recall(told, into: &$0) }
    }

    private static func publication(in data: [UInt8]) -> ClusterMembership.LegacyChange? {
        if let request = LegacyRequest(entryData: data) {
            return ClusterMembership.legacyChange(
                path: String(decoding: request.path, as: UTF8.self),
                value: String(decoding: request.value, as: UTF8.self))
        }
        guard let request = try? InternalRaftRequest(decoding: data),
            case .other(InternalRaftRequest.Field.clusterMemberAttributesSet, let bytes) =
                request.payload,
            let set = try? Membershippb_ClusterMemberAttrSetRequest(serializedBytes: Array(bytes))
        else { return nil }
        return .attributes(
            MemberID(rawValue: set.memberID), name: set.memberAttributes.name,
            clientURLs: set.memberAttributes.clientUrls)
    }
}
