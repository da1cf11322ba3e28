import GoText
import Identifiers
import InitialMembers
import Membership

/// A running cluster as one of its members reports it.
struct RemoteCluster: Sendable {
    let id: ClusterID
    /// Ascending by identity.
    let members: [Member]

    /// The text that etcd prints in messages.
    var text: String {
        let shown = members.map { member in
            "&{ID:\(member.id) RaftAttributes:{PeerURLs:[\(member.peerURLs.joined(separator: " "))] "
                + "IsLearner:\(member.isLearner)} Attributes:{Name:\(member.name) "
                + "ClientURLs:[\(member.clientURLs.joined(separator: " "))]}}"
        }
        return "{ClusterID:\(id) Members:[\(shown.joined(separator: " "))] RemovedMemberIDs:[]}"
    }
}

extension MemberBootstrap {
    /// Requests the cluster from the peer URLs in order; the first valid response decides.
    ///
    /// - Parameter logsFailures: whether to log a warning for URLs that do not respond.
    func remoteCluster(
        at urls: [String], timeout: Duration, logsFailures: Bool
    ) async throws -> RemoteCluster {
        for url in urls {
            do {
                let response = try await peers.get(url, "/members", timeout)
                guard let members = Member.list(json: response.body) else {
                    throw BootstrapError("the response is not a list of members")
                }
                guard let id = MemberID(hexadecimal: response.clusterID) else {
                    throw BootstrapError(
                        "failed to parse cluster ID \(response.clusterID.goQuoted)")
                }
                guard !members.isEmpty else { throw EmptyCluster() }
                return RemoteCluster(
                    id: ClusterID(rawValue: id.rawValue),
                    members: members.sorted { $0.id < $1.id })
            } catch is EmptyCluster {
                throw BootstrapError("failed to get raft cluster member(s) from the given URLs")
            } catch let error as CancellationError {
                throw error
            } catch {
                guard logsFailures else { continue }
                logger.warn(
                    "failed to get cluster response",
                    ["address": .string(url + "/members"), "error": .error(error)])
            }
        }
        throw BootstrapError("could not retrieve cluster information from the given URLs")
    }
}

/// The member's list of members is empty, so its response is as good as none.
private struct EmptyCluster: Error {}
