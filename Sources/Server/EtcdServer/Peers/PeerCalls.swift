import Identifiers
import MonotonicClock
import ServerLogging
import Configuration
import GRPCServices
import EtcdAPI
import Membership
import NIOCore
import NIOHTTP1
import PeerTransport

/// Requests to the peer listeners of other members.
struct PeerCalls: Sendable {
    let clusterID: ClusterID
    let transport: PeerTransport
    let group: any EventLoopGroup
    let dialing: PeerDialing
    /// How long a member may take to respond.
    let timeout: TimeSpan
    let logger: ServerLogger
    let leaderRequests: LeaderRequests

    /// The header that identifies this program to other members that run it; etcd ignores it.
    static let programHeader = "X-Swift-Etcd-Version"

    /// Sends a request to one URL of a member.
    func send(
        _ method: String, _ url: String, _ path: String, headers: HTTPHeaders = [:],
        body: [UInt8] = [], within limit: TimeSpan? = nil
    ) async throws -> PeerResponse {
        try await PeerClient.request(
            method: method, url: url, path: path, headers: headers, body: body,
            timeout: limit ?? timeout, group: group, dialing: dialing)
    }
}

/// Versions.
extension PeerCalls {
    /// The version of every member of the cluster, including this one; nil without a response.
    func versions(of membership: ClusterMembership) async -> [VersionDecision.MemberVersion?] {
        await withTaskGroup(of: VersionDecision.MemberVersion?.self) { group in
            for member in membership.members {
                group.addTask {
                    member.id == membership.localID
                        ? .init(server: compatibleVersion, isOwn: true) : await version(of: member)
                }
            }
            var versions: [VersionDecision.MemberVersion?] = []
            for await version in group { versions.append(version) }
            return versions
        }
    }

    private func version(of member: Member) async -> VersionDecision.MemberVersion? {
        var failure: LogValue = .string("")
        for url in member.peerURLs {
            do {
                let response = try await send("GET", url, "/version")
                let versions = MemberVersions(json: response.body)
                if let server = versions.flatMap({ SemanticVersion($0.server) }) {
                    if compatibleVersion < server { logHigherVersion(member, server) }
                    return .init(
                        server: server, isOwn: response.headers.contains(name: Self.programHeader))
                }
                logger.warn("failed to unmarshal response", fields(member, url + "/version"))
            } catch {
                failure = .error(error)
                logger.warn(
                    "failed to reach the peer URL",
                    [
                        "address": .string(url + "/version"),
                        "remote-member-id": .hex(member.id.rawValue), "error": failure,
                    ])
            }
        }
        logger.warn(
            "failed to get version",
            ["remote-member-id": .hex(member.id.rawValue), "error": failure])
        return nil
    }

    private func logHigherVersion(_ member: Member, _ version: SemanticVersion) {
        logger.warn(
            "leader found higher-versioned member",
            [
                "local-member-version": .string(EtcdVersion.compatible),
                "remote-member-id": .hex(member.id.rawValue),
                "remote-member-version": .string(version.description),
            ])
    }

    private func fields(
        _ member: Member, _ address: String
    ) -> KeyValuePairs<String, LogValue> {
        ["address": .string(address), "remote-member-id": .hex(member.id.rawValue)]
    }
}
