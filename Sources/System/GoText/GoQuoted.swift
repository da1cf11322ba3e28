extension String {
    /// The text in double quotes with Go's escapes, as in etcd's messages (`%q`).
    package var goQuoted: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension [String] {
    /// The texts in quotes, in brackets, separated by blanks: Go's `%q` of a list.
    package var goQuoted: String {
        "[" + map(\.goQuoted).joined(separator: " ") + "]"
    }
}
