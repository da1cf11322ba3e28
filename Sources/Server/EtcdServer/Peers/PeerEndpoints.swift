import Identifiers
import ServerLogging
import Configuration
import GRPCServices
import EtcdAPI
import HTTPServices
import Membership
import NIOCore
import NIOHTTP1
import PeerTransport
import MemberRuntime
import StateMachine

/// The HTTP endpoints for other members, beside Raft messages: members, versions, hashes, and the
/// leader's leases and promotions of learners.
struct PeerEndpoints: Sendable {
    let services: ServiceTable
    let logger: ServerLogger

    static let promotionPrefix = "/members/promote/"

    var context: ServiceContext { services.context }
    var runtime: MemberRuntime { context.runtime }

    /// Responds to one request; the future does not fail.
    func respond(
        to request: PeerRequest, on loop: any EventLoop
    ) -> EventLoopFuture<PeerResponse> {
        loop.makeFutureWithTask { await handle(request) }
    }

    private func handle(_ request: PeerRequest) async -> PeerResponse {
        switch request.path {
        case "/members": await get(request) { await members() }
        case "/members/hashkv": await get(request) { await hash(request) }
        case "/version": await get(request) { await version() }
        case "/downgrade/enabled": await get(request) { await isDowngradeEnabled() }
        case "/leases": await post(request) { await renewal(request.body) }
        case RenewalBatch.path: await post(request) { await renewals(request.body) }
        case "/leases/internal": await post(request) { await timeToLive(request.body) }
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

    /// The largest body of a lease request.
    private static let leaseBodyBytes = 64 << 10

    private func post(
        _ request: PeerRequest, _ body: () async -> PeerResponse
    ) async -> PeerResponse {
        guard request.method == "POST" else { return .methodNotAllowed(allow: nil) }
        guard request.body.count <= Self.leaseBodyBytes else {
            return .failure(413, "request body too large")
        }
        return await body()
    }

    /// A response with status 200, with the cluster ID as header unless excluded.
    func success(
        _ type: String, _ body: [UInt8], addsClusterID: Bool = true
    ) -> PeerResponse {
        var response = PeerResponse(status: 200, headers: ["Content-Type": type], body: body)
        if addsClusterID { addClusterID(&response) }
        return response
    }

    func addClusterID(_ response: inout PeerResponse) {
        response.headers.add(
            name: "X-Etcd-Cluster-ID", value: context.configuration.clusterID.description)
    }
}

/// Members and versions.
extension PeerEndpoints {
    private func members() async -> PeerResponse {
        do throws(EtcdError) {
            let members = try await runtime.readState { $0.membership.members }
            return success("application/json", Array((Member.json(members) + "\n").utf8))
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
            var response = success(
                "application/json", Array(HTTPService.versionJSON(report).utf8),
                addsClusterID: false)
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
            return success("text/plain", Array("\(isEnabled)".utf8))
        } catch {
            response = .failure(500, "failed linearized read: \(error.message)")
        }
        addClusterID(&response)
        return response
    }

    /// The member ID in the path is decimal, unlike everywhere else.
    private func promotion(_ request: PeerRequest) async -> PeerResponse {
        let text = String(request.path.dropFirst(Self.promotionPrefix.count))
        var response: PeerResponse
        guard let id = UInt64(text), text.first != "+" else {
            response = .failure(404, "member \(text) not found in cluster")
            addClusterID(&response)
            return response
        }
        do throws(EtcdError) {
            let members = try await context.members.promote(
                MemberID(rawValue: id),
                by: CallCredentials(
                    token: request.headers.first(name: "Authorization"), commonName: nil))
            return success("application/json", Array((Member.json(members) + "\n").utf8))
        } catch {
            logger.warn(
                "failed to promote a member",
                ["member-id": .hex(id), "error": .string(error.message)])
            response = Self.refusal(of: error)
        }
        addClusterID(&response)
        return response
    }

    /// etcd's texts on this endpoint: those of its inner layers, without the prefix `etcdserver:`.
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
