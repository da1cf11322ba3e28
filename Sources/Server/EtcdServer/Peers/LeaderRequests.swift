import EtcdAPI
import GRPCServices
import Identifiers
import Membership
import MonotonicClock
import NIOCore
import PeerTransport
import SwiftProtobuf
import Synchronization

/// Requests about leases to the leader, on kept connections.
final class LeaderRequests: Sendable {
    private let connections: KeptConnectionsTable
    /// Leaders that take many renewals in one request, as members that run this program do.
    private let batching = Mutex<Set<MemberID>>([])

    /// How long a leader may take for renewals; then each is tried by itself.
    fileprivate static let renewalTimeout = TimeSpan.seconds(2)

    init(dialing: PeerDialing) {
        connections = KeptConnectionsTable(.init(dialing: dialing))
    }

    /// - Returns: a future on `loop`.
    func post(
        _ body: [UInt8], _ path: String, to url: String, within limit: TimeSpan,
        on loop: any EventLoop
    ) -> EventLoopFuture<PeerResponse> {
        connections.connections(on: loop).post(
            body, path, headers: ["Content-Type": "application/protobuf"], to: url, within: limit)
    }

    /// Renews leases; see `PeerCalling.renewLeases`.
    func renew(
        _ ids: [Int64], at leader: Member, on loop: any EventLoop,
        _ completion: @escaping ([Int64?]) -> Void
    ) {
        guard let url = leader.peerURLs.first else { return completion(ids.map { _ in nil }) }
        if ids.count > 1, batching.withLock({ $0.contains(leader.id) }) {
            renewTogether(ids, leader.id, url, loop, completion)
        } else {
            SeparateRenewals(ids, at: url, on: loop, self, leader.id, completion).start()
        }
    }

    private func renewTogether(
        _ ids: [Int64], _ leader: MemberID, _ url: String, _ loop: any EventLoop,
        _ completion: @escaping ([Int64?]) -> Void
    ) {
        post(
            RenewalBatch.encode(ids), RenewalBatch.path, to: url, within: Self.renewalTimeout,
            on: loop
        ).assumeIsolated().whenComplete { [self] result in
            guard case .success(let response) = result, response.status == 200,
                let seconds = RenewalBatch.decode(response.body), seconds.count == ids.count
            else {
                batching.withLock { _ = $0.remove(leader) }
                return completion(ids.map { _ in nil })
            }
            completion(seconds.map { $0 > 0 ? $0 : nil })
        }
    }

    fileprivate func recordProgram(of leader: MemberID, in response: PeerResponse) {
        guard response.headers.contains(name: PeerCalls.programHeader) else { return }
        batching.withLock { _ = $0.insert(leader) }
    }
}

/// Renewals of several leases by a request for each, a few at a time.
private final class SeparateRenewals {
    private let ids: [Int64]
    private let url: String
    private let loop: any EventLoop
    private let requests: LeaderRequests
    private let leader: MemberID
    private let completion: ([Int64?]) -> Void
    private var seconds: [Int64?]
    private var begun = 0
    private var ended = 0

    private static let concurrentMax = 16

    init(
        _ ids: [Int64], at url: String, on loop: any EventLoop, _ requests: LeaderRequests,
        _ leader: MemberID, _ completion: @escaping ([Int64?]) -> Void
    ) {
        self.ids = ids
        self.url = url
        self.loop = loop
        self.requests = requests
        self.leader = leader
        self.completion = completion
        seconds = ids.map { _ in nil }
    }

    func start() {
        for _ in 0..<min(Self.concurrentMax, ids.count) { next() }
    }

    private func next() {
        guard begun < ids.count else { return }
        let index = begun
        begun += 1
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = ids[index]
        let body: [UInt8] = (try? request.serializedBytes()) ?? []
        requests.post(body, "/leases", to: url, within: LeaderRequests.renewalTimeout, on: loop)
            .assumeIsolated().whenComplete { [self] in complete(index, $0) }
    }

    private func complete(_ index: Int, _ result: Result<PeerResponse, any Error>) {
        if case .success(let response) = result, response.status == 200 {
            requests.recordProgram(of: leader, in: response)
            let renewed = try? Etcdserverpb_LeaseKeepAliveResponse(serializedBytes: response.body)
            if let renewed, renewed.id == ids[index] { seconds[index] = renewed.ttl }
        }
        ended += 1
        if ended == ids.count { completion(seconds) } else { next() }
    }
}
