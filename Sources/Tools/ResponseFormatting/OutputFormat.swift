/// How responses are printed: the values of `--write-out`.
package enum OutputFormat: String, Sendable {
    case simple, json, fields, table, protobuf
}

/// A command has no output in this format.
package struct UnsupportedFormat: Error, Hashable, CustomStringConvertible {
    package let format: OutputFormat

    package init(format: OutputFormat) {
        self.format = format
    }

    package var description: String { "\(format.rawValue) not supported as output format" }
}
