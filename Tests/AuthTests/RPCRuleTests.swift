import Disk
import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

@Suite("Rules of RPCs")
struct RPCRuleTests {
    /// The RPCs of the definitions under Proto, by path.
    private func definedPaths() throws -> Set<String> {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        let root = parts.joined(separator: "/") + "/Proto/"
        var paths: Set<String> = []
        for file in [
            "etcdserverpb/rpc.proto", "v3lockpb/v3lock.proto", "v3electionpb/v3election.proto",
            "health/health.proto",
        ] {
            var (package, service) = ("", "")
            for line in try text(root + file).split(separator: "\n") {
                let words = line.split { " ;({".contains($0) }.map(String.init)
                guard words.count > 1 else { continue }
                switch words[0] {
                case "package": package = words[1]
                case "service": service = words[1]
                case "rpc": paths.insert("/\(package).\(service)/\(words[1])")
                default: break
                }
            }
        }
        return paths
    }

    private func text(_ path: String) throws -> String {
        let file = try RealDisk().open(path, .read)
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: try file.size())
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func everyRPCHasARule() throws {
        let paths = try definedPaths()
        #expect(paths.count > 50)
        #expect(Set(RPCRule.table.keys) == paths)
    }

    private func error(_ path: String, _ identity: Identity) throws -> EtcdError? {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.userAdd("a")
        let rule = try #require(RPCRule.of(path))
        return Authorization.unlimited.error { () throws(EtcdError) in
            try fixture.store.snapshot.require(rule, identity)
        }
    }

    @Test(
        arguments: [
            "KV/Compact", "Cluster/MemberAdd", "Cluster/MemberRemove", "Cluster/MemberUpdate",
            "Cluster/MemberPromote", "Maintenance/Defragment", "Maintenance/Hash",
            "Maintenance/HashKV", "Maintenance/Snapshot", "Maintenance/MoveLeader",
            "Maintenance/Downgrade",
        ])
    func rootIsNeeded(method: String) throws {
        let path = "/etcdserverpb.\(method)"
        #expect(try error(path, .none) == .userEmpty)
        #expect(try error(path, .certificate(name(""))) == .userEmpty)
        #expect(try error(path, .certificate(name("ghost"))) == .userNotFound)
        #expect(try error(path, .user(name("a"), revision: nil)) == .permissionDenied)
        #expect(try error(path, .user(.root, revision: nil)) == nil)
        #expect(try error(path, .user(.root, revision: 1)) == nil, "whatever the revision")
        #expect(try error(path, .server) == nil)
    }

    @Test(
        arguments: [
            "Lease/LeaseGrant", "Lease/LeaseRevoke", "Lease/LeaseTimeToLive", "Lease/LeaseLeases",
            "Lease/LeaseKeepAlive", "Cluster/MemberList", "Maintenance/Status",
        ])
    func anybodyWithCredentialsIsEnough(method: String) throws {
        let path = "/etcdserverpb.\(method)"
        #expect(try error(path, .none) == .userEmpty)
        #expect(try error(path, .certificate(name(""))) == nil)
        #expect(try error(path, .certificate(name("ghost"))) == nil)
        #expect(try error(path, .user(name("a"), revision: 1)) == nil)
        #expect(try error(path, .server) == nil)
    }

    @Test(
        arguments: [
            "etcdserverpb.Auth/AuthStatus", "etcdserverpb.Auth/Authenticate",
            "etcdserverpb.KV/Txn", "grpc.health.v1.Health/Check",
        ])
    func nobodyIsEnough(method: String) throws {
        #expect(try error("/" + method, .none) == nil)
    }

    @Test func alarmsAreListedByAnybodyAndChangedByRoot() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.userAdd("a")
        func error(
            _ action: Etcdserverpb_AlarmRequest.AlarmAction, _ identity: Identity
        ) -> EtcdError? {
            Authorization.unlimited.error { () throws(EtcdError) in
                try fixture.store.snapshot.require(
                    Etcdserverpb_AlarmRequest.with { $0.action = action }, identity)
            }
        }
        let user = Identity.user(name("a"), revision: nil)
        #expect(error(.get, user) == nil && error(.get, .none) == .userEmpty)
        for action in [Etcdserverpb_AlarmRequest.AlarmAction.activate, .deactivate] {
            #expect(error(action, user) == .permissionDenied)
            #expect(error(action, .none) == .userEmpty)
            #expect(error(action, .server) == nil)
        }
        #expect(error(.UNRECOGNIZED(9), user) == .permissionDenied)
    }
}
