internal import EtcdAPI
internal import Identifiers
import Membership
import SwiftProtobuf

/// Member attributes that the database of a 3.5 member lacks: they are in the snapshot and the log.
extension StateMachine {
    /// Whether the database may lack published attributes: it was written before 3.6.
    package var lacksPublishedAttributes: Bool { recordedStorageVersion == nil }

    /// Restores published attributes from the v2 store of the snapshot that the state started from
    /// and from the entries after it that the database has already applied.
    ///
    /// Called before the first entry is applied or between two batches, on the apply thread or at
    /// start.
    package func restorePublishedAttributes(tree: [UInt8], entries: some Sequence<[UInt8]>) {
        let published =
            ClusterMembership.publishedAttributes(inLegacyTree: tree)
            + entries.compactMap(Self.publishedAttributes(inEntry:))
        mutate { membership.restorePublishedAttributes(published, into: &$0) }
    }

    private static func publishedAttributes(
        inEntry data: [UInt8]
    ) -> ClusterMembership.LegacyChange? {
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
