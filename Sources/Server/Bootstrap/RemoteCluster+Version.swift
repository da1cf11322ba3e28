import Identifiers
import Membership
import ServerLogging

/// The version check before joining.
extension MemberBootstrap {
    /// At least one other member must report a cluster version that this server supports, and none
    /// an unsupported one. Members that do not respond are skipped, since one may be down.
    func isCompatible(with members: [Member], except localID: MemberID) async throws -> Bool {
        let others = members.filter { $0.id != localID }
        var isKnown = false
        var versions: [(MemberID, SemanticVersion)] = []
        for member in others {
            guard let version = try await clusterVersion(of: member) else { continue }
            versions.append((member.id, version))
            isKnown = true
        }
        let range = try await versionRange(asking: others)
        for (id, version) in versions where !range.contains(version) {
            logIncompatible(id, version, range)
            return false
        }
        return isKnown
    }

    private func logIncompatible(
        _ id: MemberID, _ version: SemanticVersion, _ range: ClosedRange<SemanticVersion>
    ) {
        let isLow = version < range.lowerBound
        let limit = isLow ? range.lowerBound : range.upperBound
        logger.warn(
            "cluster version of remote member is not compatible; too \(isLow ? "low" : "high")",
            [
                "remote-member-id": .hex(id.rawValue),
                "remote-member-cluster-version": .string(version.description),
                "\(isLow ? "minimum" : "maximum")-cluster-version-supported":
                    .string(limit.description),
            ])
    }

    /// From 3.0 to this version; only the next minor version during a downgrade from it.
    private func versionRange(
        asking members: [Member]
    ) async throws -> ClosedRange<SemanticVersion> {
        let own = compatibleVersion.withoutPatch
        guard try await isDowngrading(members) else { return SemanticVersion(3, 0)...own }
        let next = SemanticVersion(own.major, own.minor + 1)
        return next...next
    }

    private func clusterVersion(of member: Member) async throws -> SemanticVersion? {
        try await request(member, "/version", "failed to get version") { body in
            guard let reported = MemberVersions(json: body) else { return nil }
            guard let version = SemanticVersion(reported.cluster) else {
                self.logger.warn(
                    "failed to parse cluster version of remote member",
                    [
                        "remote-member-id": .hex(member.id.rawValue),
                        "remote-member-cluster-version": .string(reported.cluster),
                    ])
                return .some(nil)
            }
            return version
        } ?? nil
    }

    private func isDowngrading(_ members: [Member]) async throws -> Bool {
        for member in members {
            let isEnabled = try await request(
                member, "/downgrade/enabled", "failed to get downgrade enabled status"
            ) { body in
                switch String(decoding: body, as: UTF8.self) {
                case "1", "t", "T", "true", "TRUE", "True": true
                case "0", "f", "F", "false", "FALSE", "False": false
                default: nil
                }
            }
            if let isEnabled { return isEnabled }
        }
        return false
    }

    /// Tries a member's peer URLs in order until a response can be parsed.
    private func request<Value: Sendable>(
        _ member: Member, _ path: String, _ failure: String, read: ([UInt8]) -> Value?
    ) async throws -> Value? {
        var lastError: LogValue = .string("")
        for url in member.peerURLs {
            do {
                let response = try await peers.get(url, path, configuration.requestTimeout)
                if let value = read(response.body) { return value }
                logger.warn(
                    "failed to convert response",
                    [
                        "address": .string(url + path),
                        "remote-member-id": .hex(member.id.rawValue),
                    ])
            } catch let error as CancellationError {
                throw error
            } catch {
                lastError = .error(error)
                logger.warn(
                    "failed to reach the peer URL",
                    [
                        "address": .string(url + path),
                        "remote-member-id": .hex(member.id.rawValue), "error": lastError,
                    ])
            }
        }
        logger.warn(
            failure, ["remote-member-id": .hex(member.id.rawValue), "error": lastError])
        return nil
    }
}
