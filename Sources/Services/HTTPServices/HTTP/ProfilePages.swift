import NIOHTTP1

/// `/debug/pprof/`: the pages of Go's profiler, as far as they apply here.
///
/// This is not a Go process, so there are no goroutines and no pprof profiles. The command line is
/// served. The profiles return an error that names the alternatives, since an empty profile would
/// suggest an idle server.
enum ProfilePages {
    static let prefix = "/debug/pprof/"

    private static let profiles = [
        "allocs", "block", "goroutine", "heap", "mutex", "profile", "symbol", "threadcreate",
        "trace",
    ]

    /// The response for a path; nil for a path outside the prefix.
    static func page(path: String, commandLine: [String]) -> HTTPResponse? {
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
