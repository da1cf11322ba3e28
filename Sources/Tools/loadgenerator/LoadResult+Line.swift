internal import Glibc
internal import MonotonicClock

extension LoadResult {
    /// One line of JSON: latencies in microseconds, the duration of the run in seconds.
    func line(_ options: LoadOptions) -> String {
        let rate = seconds > 0 ? Double(requests) / seconds : 0
        var fields: [(String, String)] = [
            ("command", "\"\(options.command.rawValue)\""),
            ("connections", "\(options.connections)"), ("streams", "\(options.streams)"),
            ("loops", "\(options.loops)"),
            ("requests", "\(requests)"), ("errors", "\(errors)"),
            ("firstError", firstError.map(Self.quoted) ?? "null"),
            ("seconds", Self.rounded(seconds)), ("requestsPerSecond", Self.rounded(rate)),
        ]
        fields += Self.fields(latencies)
        fields += [
            ("bytesReceived", "\(bytesReceived)"),
            ("clientCPUSeconds", Self.rounded(Self.processSeconds())),
        ]
        if options.hasPhases { fields.append(("phases", phaseList())) }
        return Self.object(fields)
    }

    private func phaseList() -> String {
        let objects = phases.phases.enumerated().map { index, phase in
            Self.object(
                [
                    ("requests", "\(phase.requests)"), ("errors", "\(phase.errors)"),
                    (
                        "seconds",
                        Self.rounded(phases.seconds(of: index, endedAt: endedAt))
                    ),
                ] + Self.fields(phase.latencies))
        }
        return "[" + objects.joined(separator: ", ") + "]"
    }

    private static func fields(_ latencies: LatencyHistogram) -> [(String, String)] {
        let percentiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)]
        return percentiles.map { name, fraction in
            (name, microseconds(latencies.percentile(fraction)))
        } + [
            ("max", microseconds(latencies.latencyMax)),
            ("mean", microseconds(latencies.mean)),
        ]
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    private static func microseconds(_ time: TimeSpan) -> String {
        rounded(Double(time.nanoseconds) / 1e3)
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
