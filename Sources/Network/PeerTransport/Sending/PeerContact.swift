import Identifiers
import NIOCore

/// State shared by all connections to one member: its ID, URLs and status.
final class PeerContact: @unchecked Sendable {  // owned by loop
    let id: MemberID
    let loop: any EventLoop
    let environment: PeerEnvironment
    let status: PeerStatus
    var urlPicker: PeerURLPicker
    /// The member was removed, or the transport is stopped.
    var isStopped = false

    init(
        id: MemberID, urls: [PeerURL], loop: any EventLoop, environment: PeerEnvironment,
        status: PeerStatus
    ) {
        self.id = id
        self.loop = loop
        self.environment = environment
        self.status = status
        urlPicker = PeerURLPicker(urls)
    }

    /// The headers of every request to the member.
    var identification: [(String, String)] {
        let configuration = environment.configuration
        return [
            ("X-Etcd-Cluster-Id", configuration.clusterText),
            ("X-Min-Cluster-Version", configuration.clusterVersionMin),
            ("X-Peerurls", configuration.localURLs.joined(separator: ",")),
            ("X-Server-From", configuration.localID.description),
            ("X-Server-Version", configuration.version),
        ]
    }

    /// Checks a member's response to a POST (etcd's checkPostResponse).
    func postResult(of response: PeerResponse, path: String) -> PostResult {
        switch response.status {
        case 204: return .accepted
        case 403: return .removed
        case 412:
            let text = response.text
            guard text == PeerRefusal.version || text == PeerRefusal.cluster else {
                return .failed("unhandled error \"\(text)\" when precondition failed")
            }
            environment.delegate.record(
                .refusedBy(
                    id, reason: text,
                    cluster: response.headers.first(name: "X-Etcd-Cluster-ID") ?? ""))
            return .failed(text)
        default:
            return .failed("unexpected http status \(response.status) while posting to \(path)")
        }
    }
}

/// Result of a POST.
enum PostResult: Equatable {
    case accepted
    /// This member is no longer in the cluster.
    case removed
    case failed(String)

    static let removedText = "the member has been permanently removed from the cluster"
}

/// Error texts by which members refuse each other; compared byte for byte.
enum PeerRefusal {
    static let version = "incompatible version"
    static let cluster = "cluster ID mismatch"
    static let removed = "removed member"
    static let unknownSender = "error sender not found"
    static let otherTarget = "to field mismatch"
}
