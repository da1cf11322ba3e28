import Membership

/// A running cluster as one of its members tells of it.
struct RemoteCluster: Sendable {
    let id: ClusterID
    /// Ascending by identity.
    let members: [Member]

    /// As etcd shows it in messages.
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
    /// Asks one peer URL after the other for its cluster; the first that answers decides.
    ///
    /// - Parameter tellsFailures: whether URLs that do not answer are worth a warning.
    func remoteCluster(
        at urls: [String], timeout: Duration, tellsFailures: Bool
    ) async throws -> RemoteCluster {
        for url in urls {
            do {
                let answer = try await peers.get(url, "/members", timeout)
                guard let members = Member.list(json: answer.body) else {
                    throw BootstrapError("the answer is no list of members")
                }
                guard let id = MemberID(hexadecimal: answer.clusterID) else {
                    throw BootstrapError("failed to parse cluster ID \(answer.clusterID.goQuoted)")
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
                guard tellsFailures else { continue }
                logger.warn(
                    "failed to get cluster response",
                    ["address": .string(url + "/members"), "error": .error(error)])
            }
        }
        throw BootstrapError("could not retrieve cluster information from the given URLs")
    }
}

/// A member that knows nobody answers for its cluster no better than none.
private struct EmptyCluster: Error {}
