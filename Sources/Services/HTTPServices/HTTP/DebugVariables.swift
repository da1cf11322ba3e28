import GoText
import Glibc

/// `/debug/vars`: the expvar variables of etcd, as far as they apply here.
enum DebugVariables {
    static func json(commandLine: [String], raft: RaftReport) -> String {
        let arguments = commandLine.map(\.goJSON).joined(separator: ",")
        return """
            {
            "cmdline": [\(arguments)],
            "file_descriptor_limit": \(descriptorLimit),
            "memstats": {},
            "raft.status": \(status(raft))
            }

            """
    }

    private static var descriptorLimit: UInt64 {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 0 }
        return UInt64(limits.rlim_cur)
    }

    private static func status(_ raft: RaftReport) -> String {
        let progress = raft.progress.map { member in
            "\"\(member.id)\":{\"match\":\(member.match),\"next\":\(member.next),"
                + "\"state\":\(member.state.goJSON)}"
        }.joined(separator: ",")
        return "{\"id\":\"\(raft.id)\",\"term\":\(raft.term),\"vote\":\"\(raft.vote)\","
            + "\"commit\":\(raft.commitIndex),\"lead\":\"\(raft.leader)\","
            + "\"raftState\":\(raft.state.goJSON),\"applied\":\(raft.appliedIndex),"
            + "\"progress\":{\(progress)},\"leadtransferee\":\"0\"}"
    }
}
