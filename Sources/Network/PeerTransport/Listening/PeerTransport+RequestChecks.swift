import Identifiers
import NIOHTTP1

/// Route of a request of the peer protocol.
enum PeerRoute: Equatable {
    case message
    case snapshot
    case stream(directory: Substring, last: Substring)
    case probing
    case other

    init(path: String) {
        switch path {
        case "/raft": self = .message
        case "/raft/snapshot": self = .snapshot
        case "/raft/probing": self = .probing
        default:
            guard path.hasPrefix("/raft/stream/") else {
                self = .other
                return
            }
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            let (directory, last) = (path[..<slash], path[path.index(after: slash)...])
            self = .stream(directory: directory, last: last)
        }
    }
}

// The checks of requests, in etcd's order. Each returns the refusal, or nil.
extension PeerTransport {
    /// Checks the method of a route.
    func methodRefusal(_ head: HTTPRequestHead, _ allowed: HTTPMethod) -> PeerResponse? {
        head.method == allowed ? nil : .methodNotAllowed(allow: allowed.rawValue)
    }

    /// Checks the versions, then the cluster ID.
    func compatibilityRefusal(_ head: HTTPRequestHead) -> PeerResponse? {
        let headers = head.headers
        let from = headers.first(name: "X-Server-From") ?? ""
        let version = headers.present("X-Server-Version") ?? PeerVersion.unspecified
        let minimum = headers.present("X-Min-Cluster-Version") ?? PeerVersion.unspecified
        guard let remote = PeerVersion(version), let remoteMinimum = PeerVersion(minimum),
            let local = PeerVersion(configuration.version),
            let localMinimum = PeerVersion(configuration.clusterVersionMin),
            remote >= localMinimum, remoteMinimum <= local
        else {
            environment.delegate.record(
                .versionRefused(from: from, version: version, clusterVersionMin: minimum))
            return .failure(412, PeerRefusal.version)
        }
        let cluster = headers.first(name: "X-Etcd-Cluster-ID") ?? ""
        guard cluster == configuration.clusterText else {
            environment.delegate.record(
                .clusterRefused(from: from, version: version, cluster: cluster))
            return .failure(412, PeerRefusal.cluster)
        }
        return nil
    }

    /// Registers a sender that sends its URLs as a remote.
    func registerSender(_ head: HTTPRequestHead) {
        guard let from = MemberID(hexadecimal: head.headers.first(name: "X-Server-From") ?? "")
        else {
            return
        }
        register(from, head)
    }

    /// Whether a request claims to be of a member of the cluster. Any certificate that the listener
    /// accepts may make the claim, as in etcd; it decides about limits only.
    func isFromMember(_ head: HTTPRequestHead) -> Bool {
        let id = MemberID(hexadecimal: head.headers.first(name: "X-Server-From") ?? "")
        return id.map { peer($0) != nil } ?? false
    }

    private func register(_ id: MemberID, _ head: HTTPRequestHead) {
        guard let urls = head.headers.present("X-PeerURLs"), peer(id) == nil else { return }
        addRemote(id, urls: urls.split(separator: ",").map(String.init))
    }

    /// The peer and kind of a requested stream; all checks of a stream request after its method.
    func streamRequest(
        _ head: HTTPRequestHead, directory: Substring, last: Substring
    ) -> Result<(peer: Peer, kind: PeerStreamKind), StreamRefusal> {
        if let refusal = compatibilityRefusal(head) { return .failure(StreamRefusal(refusal)) }
        let kind = PeerStreamKind.allCases.first { directory == "/raft/stream/\($0.pathName)" }
        guard let kind else { return .failure(StreamRefusal(404, "invalid path")) }
        guard let from = MemberID(hexadecimal: last) else {
            return .failure(StreamRefusal(404, "invalid from"))
        }
        if environment.isRemoved(from) {
            environment.delegate.record(.removedSenderRefused(from))
            return .failure(StreamRefusal(410, PeerRefusal.removed))
        }
        guard let peer = peer(from) else {
            register(from, head)
            environment.delegate.record(.unknownSenderRefused(from))
            return .failure(StreamRefusal(404, PeerRefusal.unknownSender))
        }
        let to = head.headers.first(name: "X-Raft-To") ?? ""
        guard to == configuration.localID.description else {
            environment.delegate.record(.misdirectedRefused(from, to: to))
            return .failure(StreamRefusal(412, PeerRefusal.otherTarget))
        }
        return .success((peer, kind))
    }
}

/// The response to a refused stream request.
struct StreamRefusal: Error {
    let response: PeerResponse

    init(_ response: PeerResponse) { self.response = response }

    init(_ status: Int, _ text: String) { response = .failure(status, text) }
}

extension HTTPHeaders {
    /// A header's value; empty counts as absent.
    fileprivate func present(_ name: String) -> String? {
        first(name: name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
