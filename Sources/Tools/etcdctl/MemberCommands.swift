import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

extension CommandTree {
    static let memberActions: [String: Action] = [
        "member list": { try await MemberCommands.list($0) },
        "member add": { try await MemberCommands.add($0) },
        "member remove": { try await MemberCommands.remove($0) },
        "member update": { try await MemberCommands.update($0) },
        "member promote": { try await MemberCommands.promote($0) },
    ]
}

/// member list, add, remove, update and promote.
enum MemberCommands {
    static func list(_ invocation: Invocation) async throws {
        var request = Etcdserverpb_MemberListRequest()
        switch invocation.flags.string("consistency") {
        case "l": request.linearizable = true
        case "s": request.linearizable = false
        // etcdctl prints the consistency of get, whatever was given.
        default: throw ToolFailure.feature("unknown consistency flag \"l\"")
        }
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_MemberListResponse = try await invocation.withClient {
            try await $0.unary(
                sent.linearizable ? .memberList : .serializableMemberList, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.memberList(response)
        }
    }

    static func add(_ invocation: Invocation) async throws {
        let names = invocation.arguments
        guard names.count == 1 else {
            let meant = names.filter { $0.lowercased().hasPrefix("http") }
                .map { ", did you mean --peer-urls=\($0)" }.joined()
            throw ToolFailure.arguments(
                names.isEmpty ? "member name not provided" : "too many arguments" + meant)
        }
        var request = Etcdserverpb_MemberAddRequest()
        request.peerUrls = try peerURLs(invocation.flags)
        request.isLearner = invocation.flags.bool("learner")
        let formatter = try await invocation.formatter()
        let sent = request
        let added: Etcdserverpb_MemberAddResponse = try await invocation.withClient {
            try await $0.unary(.memberAdd, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.memberAdd(added) }
        guard formatter.format == .simple else { return }
        printVariables(of: names[0], added)
    }

    /// The environment of the new member's process.
    private static func printVariables(
        of name: String, _ added: Etcdserverpb_MemberAddResponse
    ) {
        let initial = added.members.flatMap { member in
            member.peerUrls.map { url in
                (member.id == added.member.id ? name : member.name) + "=" + url
            }
        }
        StandardOutput.line("")
        StandardOutput.line("ETCD_NAME=\(goQuoted(name.argumentBytes))")
        StandardOutput.line("ETCD_INITIAL_CLUSTER=\"\(initial.joined(separator: ","))\"")
        let urls = added.member.peerUrls.joined(separator: ",")
        StandardOutput.line("ETCD_INITIAL_ADVERTISE_PEER_URLS=\"\(urls)\"")
        StandardOutput.line("ETCD_INITIAL_CLUSTER_STATE=\"existing\"")
    }

    static func remove(_ invocation: Invocation) async throws {
        var request = Etcdserverpb_MemberRemoveRequest()
        request.id = try memberID(invocation.arguments)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_MemberRemoveResponse = try await invocation.withClient {
            try await $0.unary(.memberRemove, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.memberRemove(sent.id, response)
        }
    }

    static func update(_ invocation: Invocation) async throws {
        var request = Etcdserverpb_MemberUpdateRequest()
        request.id = try memberID(invocation.arguments)
        request.peerUrls = try peerURLs(invocation.flags)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_MemberUpdateResponse = try await invocation.withClient {
            try await $0.unary(.memberUpdate, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.memberUpdate(sent.id, response)
        }
    }

    static func promote(_ invocation: Invocation) async throws {
        var request = Etcdserverpb_MemberPromoteRequest()
        request.id = try memberID(invocation.arguments)
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_MemberPromoteResponse = try await invocation.withClient {
            try await $0.unary(.memberPromote, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.memberPromote(sent.id, response)
        }
    }

    private static func memberID(_ arguments: [String]) throws(ToolFailure) -> UInt64 {
        guard arguments.count == 1 else { throw .arguments("member ID is not provided") }
        do throws(GoValueError) {
            return try GoValue.uint64(arguments[0], base: 16)
        } catch {
            throw .arguments("bad member ID arg (\(error)), expecting ID in Hex")
        }
    }

    private static func peerURLs(_ flags: FlagValues) throws(ToolFailure) -> [String] {
        let urls = flags.string("peer-urls")
        guard !urls.isEmpty else { throw .arguments("member peer urls not provided") }
        let list = urls.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for url in list { try check(url) }
        return list
    }

    /// As clientv3 checks URLs before it sends them.
    private static func check(_ url: String) throws(ToolFailure) {
        let schemes = ["http://", "https://", "unix://", "unixs://"]
        guard let scheme = schemes.first(where: url.hasPrefix) else {
            throw .operation("URL scheme must be http, https, unix, or unixs: \(url)")
        }
        guard scheme.hasPrefix("http") else { return }
        let rest = url.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" }
        guard host.contains(":"), host.last != ":" else {
            throw .operation("URL address does not have the form \"host:port\": \(url)")
        }
        guard host.count == rest.count else {
            throw .operation("URL must not contain a path: \(url)")
        }
    }
}
