internal import Glibc

/// What a run has measured.
struct LoadResult: Sendable {
    var requests = 0
    var errors = 0
    /// The first error's text, so that a run that failed says why.
    var firstError: String?
    var bytesReceived = 0
    var beganNanoseconds: UInt64 = 0
    var endedNanoseconds: UInt64 = 0
    var latencies = LatencyHistogram()

    mutating func merge(_ other: LoadResult) {
        requests += other.requests
        errors += other.errors
        firstError = firstError ?? other.firstError
        bytesReceived += other.bytesReceived
        beganNanoseconds = min(beganNanoseconds, other.beganNanoseconds)
        endedNanoseconds = max(endedNanoseconds, other.endedNanoseconds)
        latencies.merge(other.latencies)
    }

    private var seconds: Double {
        Double(endedNanoseconds - min(beganNanoseconds, endedNanoseconds)) / 1e9
    }

    /// One line of JSON: times in microseconds, the run in seconds.
    func line(_ options: LoadOptions) -> String {
        let rate = seconds > 0 ? Double(requests) / seconds : 0
        let fields: [(String, String)] = [
            ("command", "\"\(options.command.rawValue)\""),
            ("connections", "\(options.connections)"), ("streams", "\(options.streams)"),
            ("requests", "\(requests)"), ("errors", "\(errors)"),
            ("firstError", firstError.map(Self.quoted) ?? "null"),
            ("seconds", Self.rounded(seconds)), ("requestsPerSecond", Self.rounded(rate)),
            ("p50", microseconds(0.5)), ("p90", microseconds(0.9)),
            ("p99", microseconds(0.99)), ("p999", microseconds(0.999)),
            ("max", Self.rounded(Double(latencies.maxNanoseconds) / 1e3)),
            ("mean", Self.rounded(latencies.meanNanoseconds / 1e3)),
            ("bytesReceived", "\(bytesReceived)"),
            ("clientCPUSeconds", Self.rounded(Self.processSeconds())),
        ]
        return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    private func microseconds(_ fraction: Double) -> String {
        Self.rounded(Double(latencies.percentile(fraction)) / 1e3)
    }

    private static func rounded(_ value: Double) -> String {
        "\((value * 1000).rounded() / 1000)"
    }

    private static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.map { scalar in
            scalar == "\"" || scalar == "\\" || scalar.value < 32 ? "'" : String(scalar)
        }
        return "\"" + plain.joined() + "\""
    }

    /// CPU time of this process, of all its threads, user and system.
    private static func processSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let whole = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(whole) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
