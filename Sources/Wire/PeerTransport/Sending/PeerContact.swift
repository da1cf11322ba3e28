import NIOCore
import Raft

/// What all that goes to one member shares: who and where it is, and whether it answers.
final class PeerContact: @unchecked Sendable {  // owned by loop
    let id: MemberID
    let loop: any EventLoop
    let environment: PeerEnvironment
    let status: PeerStatus
    var choice: PeerURLChoice
    /// The member is no longer one, or the transport ends.
    var isStopped = false

    init(
        id: MemberID, urls: [PeerURL], loop: any EventLoop, environment: PeerEnvironment,
        status: PeerStatus
    ) {
        self.id = id
        self.loop = loop
        self.environment = environment
        self.status = status
        choice = PeerURLChoice(urls)
    }

    /// The headers that every request to the member carries.
    var identification: [(String, String)] {
        let settings = environment.settings
        return [
            ("X-Etcd-Cluster-Id", settings.clusterText),
            ("X-Min-Cluster-Version", settings.minimumClusterVersion),
            ("X-Peerurls", settings.localURLs.joined(separator: ",")),
            ("X-Server-From", settings.localID.text),
            ("X-Server-Version", settings.version),
        ]
    }

    /// What a member's answer to something posted means.
    func verdict(on response: PeerResponse, path: String) -> PostVerdict {
        switch response.status {
        case 204: return .accepted
        case 403: return .removed
        case 412:
            let text = response.text
            guard text == PeerRefusal.version || text == PeerRefusal.cluster else {
                return .failed("unhandled error \"\(text)\" when precondition failed")
            }
            environment.owner.note(
                .refusedBy(
                    id, reason: text,
                    cluster: response.headers.first(name: "X-Etcd-Cluster-ID") ?? ""))
            return .failed(text)
        default:
            return .failed("unexpected http status \(response.status) while posting to \(path)")
        }
    }
}

/// What came of something posted.
enum PostVerdict: Equatable {
    case accepted
    /// This member is no longer in the cluster.
    case removed
    case failed(String)

    static let removedText = "the member has been permanently removed from the cluster"
}

/// Texts by which members refuse each other; compared to the byte.
enum PeerRefusal {
    static let version = "incompatible version"
    static let cluster = "cluster ID mismatch"
    static let removed = "removed member"
    static let unknownSender = "error sender not found"
    static let otherTarget = "to field mismatch"
}
