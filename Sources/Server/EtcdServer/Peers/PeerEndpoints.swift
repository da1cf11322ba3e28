import ClientAPI
import EtcdAPI
import Gateway
import Membership
import NIOCore
import NIOHTTP1
import PeerTransport
import ReplicaRuntime
import StateMachine

/// What a member answers other members, beside Raft's messages: who the members are, versions,
/// hashes, and what only a leader knows of leases and learners.
struct PeerEndpoints: Sendable {
    let services: ClientAPI
    let logger: ServerLogger

    static let promotionPrefix = "/members/promote/"

    var context: ServiceContext { services.context }
    var runtime: ReplicaRuntime { context.runtime }

    /// Answers one request; the future does not fail.
    func respond(
        to request: PeerRequest, on loop: any EventLoop
    ) -> EventLoopFuture<PeerResponse> {
        loop.makeFutureWithTask { await answer(request) }
    }

    private func answer(_ request: PeerRequest) async -> PeerResponse {
        switch request.path {
        case "/members": await get(request) { await members() }
        case "/members/hashkv": await get(request) { await hash(request) }
        case "/version": await get(request) { await version() }
        case "/downgrade/enabled": await get(request) { await isDowngradeEnabled() }
        case "/leases": await posted(request) { await renewal(request.body) }
        case "/leases/internal": await posted(request) { await timeToLive(request.body) }
        case let path where path.hasPrefix(Self.promotionPrefix):
            request.method == "POST"
                ? await promotion(request) : .methodNotAllowed(allow: "POST")
        default: .notFound
        }
    }

    private func get(
        _ request: PeerRequest, _ body: () async -> PeerResponse
    ) async -> PeerResponse {
        request.method == "GET" ? await body() : .methodNotAllowed(allow: "GET")
    }

    /// Greatest request about a lease.
    private static let leaseBodyBytes = 64 << 10

    private func posted(
        _ request: PeerRequest, _ body: () async -> PeerResponse
    ) async -> PeerResponse {
        guard request.method == "POST" else { return .methodNotAllowed(allow: nil) }
        guard request.body.count <= Self.leaseBodyBytes else {
            return .failure(413, "request body too large")
        }
        return await body()
    }

    /// An answer that tells which cluster it is from.
    func answer(
        _ type: String, _ body: [UInt8], tellsCluster: Bool = true
    ) -> PeerResponse {
        var response = PeerResponse(status: 200, headers: ["Content-Type": type], body: body)
        if tellsCluster { tellCluster(&response) }
        return response
    }

    func tellCluster(_ response: inout PeerResponse) {
        response.headers.add(
            name: "X-Etcd-Cluster-ID", value: context.settings.clusterID.description)
    }
}

/// Members and versions.
extension PeerEndpoints {
    private func members() async -> PeerResponse {
        do throws(EtcdError) {
            let members = try await runtime.readState { $0.membership.members }
            return answer("application/json", Array((Member.json(members) + "\n").utf8))
        } catch {
            return .failure(500, error.message)
        }
    }

    private func version() async -> PeerResponse {
        do throws(EtcdError) {
            let report = try await runtime.readState { state in
                var report = HealthReport()
                report.clusterVersion = state.membership.version?.description
                report.storageVersion = state.storageVersion?.description
                return report
            }
            var response = answer(
                "application/json", Array(HTTPGateway.versionJSON(report).utf8),
                tellsCluster: false)
            response.headers.add(name: PeerCalls.programHeader, value: EtcdVersion.own)
            return response
        } catch {
            return .failure(500, error.message)
        }
    }

    private func isDowngradeEnabled() async -> PeerResponse {
        var response: PeerResponse
        do throws(EtcdError) {
            try await runtime.linearize()
            let isEnabled = try await runtime.readState { state in
                state.membership.downgrade.isEnabled
            }
            return answer("text/plain", Array("\(isEnabled)".utf8))
        } catch {
            response = .failure(500, "failed linearized read: \(error.message)")
        }
        tellCluster(&response)
        return response
    }

    /// Decimal, unlike everywhere else.
    private func promotion(_ request: PeerRequest) async -> PeerResponse {
        let text = String(request.path.dropFirst(Self.promotionPrefix.count))
        var response: PeerResponse
        guard let id = UInt64(text), text.first != "+" else {
            response = .failure(404, "member \(text) not found in cluster")
            tellCluster(&response)
            return response
        }
        do throws(EtcdError) {
            let members = try await context.members.promote(
                MemberID(rawValue: id), token: request.headers.first(name: "Authorization"))
            return answer("application/json", Array((Member.json(members) + "\n").utf8))
        } catch {
            logger.warn(
                "failed to promote a member",
                ["member-id": .hex(id), "error": .string(error.message)])
            response = Self.refusal(of: error)
        }
        tellCluster(&response)
        return response
    }

    /// etcd's texts on this endpoint: bare, of its inner layers.
    private static func refusal(of error: EtcdError) -> PeerResponse {
        switch error {
        case .memberNotFound: return .failure(404, "membership: ID not found")
        case .memberNotLearner:
            return .failure(412, "membership: can only promote a learner member")
        case .learnerNotReady: return .failure(412, error.message)
        default:
            return PeerResponse(
                status: 500, headers: ["Content-Type": "application/json"],
                body: Array("{\"message\":\"Internal Server Error\"}".utf8))
        }
    }
}
