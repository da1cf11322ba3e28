/// The severity of a log line, with etcd's names; ordered by severity.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, warn, error, dpanic, panic, fatal

    /// Reads `--log-level`: the names in lower or in upper case; an empty text means info.
    package init?(flagText: String) {
        if flagText.isEmpty {
            self = .info
            return
        }
        let lowered = flagText.lowercased()
        guard flagText == lowered || flagText == flagText.uppercased(),
            let level = LogLevel(rawValue: lowered)
        else { return nil }
        self = level
    }

    private var severity: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warn: 2
        case .error: 3
        case .dpanic: 4
        case .panic: 5
        case .fatal: 6
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.severity < right.severity
    }
}

/// The format of log lines.
package enum LogFormat: String, Sendable {
    case json, console
}
