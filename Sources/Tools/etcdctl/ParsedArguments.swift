import EtcdClient

/// The words and flags of a command line; flags may be at any position, as in etcd's tools.
struct ParsedArguments {
    private(set) var words: [String] = []
    private(set) var endpoints = ["127.0.0.1:2379"]
    private(set) var isPrefix = false
    private(set) var printsValueOnly = false
    private(set) var timeout = Duration.seconds(5)
    /// Certificates; nil if no flag asks for TLS.
    private(set) var security: EtcdClient.Security?

    init(_ arguments: [String]) throws(ToolFailure) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                return
            }
            guard argument.hasPrefix("--") else {
                words.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            try set(parts[0], parts.count > 1 ? parts[1] : nil, &rest)
        }
    }

    private mutating func set(
        _ flag: String, _ inline: String?, _ rest: inout ArraySlice<String>
    ) throws(ToolFailure) {
        switch flag {
        case "--prefix": isPrefix = inline != "false"
        case "--print-value-only": printsValueOnly = inline != "false"
        case "--endpoints":
            endpoints = try value(flag, inline, &rest).split(separator: ",").map(String.init)
        case "--command-timeout":
            timeout = try duration(try value(flag, inline, &rest))
        case "--cacert", "--cert", "--key": try setFile(flag, try value(flag, inline, &rest))
        case "--insecure-skip-tls-verify":
            guard inline != "false" else { return }
            security = security ?? EtcdClient.Security()
            security?.skipsVerification = true
        default: throw .usage("unknown flag: \(flag)")
        }
    }

    private mutating func setFile(_ flag: String, _ path: String) throws(ToolFailure) {
        guard !path.isEmpty else {
            throw ToolFailure(
                lines: ["Error: empty string is passed to \(flag) option"], status: 128)
        }
        var files = security ?? EtcdClient.Security()
        switch flag {
        case "--cacert": files.authoritiesFile = path
        case "--cert": files.certificateFile = path
        default: files.keyFile = path
        }
        security = files
    }

    private func value(
        _ flag: String, _ inline: String?, _ rest: inout ArraySlice<String>
    ) throws(ToolFailure) -> String {
        guard let value = inline ?? rest.popFirst() else {
            throw .usage("flag needs an argument: \(flag)")
        }
        return value
    }

    private func duration(_ text: String) throws(ToolFailure) -> Duration {
        if text.hasSuffix("ms"), let number = UInt32(text.dropLast(2)) {
            return .milliseconds(number)
        }
        if text.hasSuffix("s"), let number = UInt32(text.dropLast()) {
            return .seconds(number)
        }
        throw .usage(
            "invalid argument \"\(text)\" for \"--command-timeout\" flag: "
                + "time: invalid duration \"\(text)\"")
    }
}
