import NIOHTTP1

/// `/debug/pprof/`: what Go's profiler shows of an etcd process, as far as it has a meaning here.
///
/// This is no Go process: there are no goroutines to list and no profile in pprof's form. The
/// command line is told; the profiles answer that there are none, and what to use instead, so that
/// nobody takes an empty file for an idle server.
enum ProfilePages {
    static let prefix = "/debug/pprof/"

    private static let profiles = [
        "allocs", "block", "goroutine", "heap", "mutex", "profile", "symbol", "threadcreate",
        "trace",
    ]

    /// The page of a path; nil for one that Go does not have either.
    static func page(path: String, commandLine: [String]) -> GatewayResponse? {
        guard path.hasPrefix(prefix) else { return nil }
        let name = String(path.dropFirst(prefix.count))
        switch name {
        case "": return .plain(.ok, index)
        case "cmdline": return .plain(.ok, commandLine.joined(separator: "\u{0}"))
        case _ where profiles.contains(name): return .failure(.notImplemented, refusal(name))
        default: return .failure(.notFound, "Unknown profile")
        }
    }

    private static let index = """
        /debug/pprof/

        cmdline: the command line of this process

        This server is not a Go program: it has none of Go's profiles. Its own are taken with the
        system's tools, which need nothing from the server: perf record -g -p PID for CPU time,
        gdb -p PID or /proc/PID/task for its threads, /proc/PID/smaps for its memory.

        """

    private static func refusal(_ name: String) -> String {
        "\(name): this server is not a Go program and has no such profile; see \(prefix)"
    }
}
