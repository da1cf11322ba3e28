import ArgumentParser
import ResponseFormatting

/// How a result is printed.
enum OutputFormat: String {
    case simple, json, fields, table, protobuf

    /// The format of a `-w` argument; as in etcd an unknown format is refused before any work.
    init(argument: String) throws(ToolFailure) {
        guard let format = OutputFormat(rawValue: argument) else {
            throw .format("unsupported output format")
        }
        self = format
    }
}

/// One row of named values, printed in any of the formats.
struct ReportRow {
    /// Name in `fields`, name in `json`, heading in `table`, and the value.
    struct Cell {
        let field: String
        let key: String
        let heading: String
        let text: String
        /// The exact value; `text` has human-readable sizes in `simple` and `table`.
        let exact: String
        /// Whether JSON quotes it.
        let isText: Bool
    }

    let cells: [Cell]

    /// The lines to print.
    func lines(_ format: OutputFormat) throws(ToolFailure) -> [String] {
        switch format {
        case .simple: [cells.map(\.text).joined(separator: ", ")]
        case .fields: cells.map { "\"\($0.field)\" : \($0.exact)" }
        case .json:
            ["{" + cells.map { "\"\($0.key)\":\($0.jsonValue)" }.joined(separator: ",") + "}"]
        case .table: BoxTable(headings: cells.map(\.heading), rows: [cells.map(\.text)]).lines
        case .protobuf: throw .format("protobuf not supported as output format")
        }
    }
}

extension ReportRow.Cell {
    /// A number, printed alike in all formats.
    init(_ field: String, key: String, heading: String, number: some BinaryInteger) {
        self.init(
            field: field, key: key, heading: heading, text: "\(number)", exact: "\(number)",
            isText: false)
    }

    var jsonValue: String { isText ? "\"\(exact)\"" : exact }
}

/// The `-w` option that all printing commands have.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("w"), .customLong("write-out")],
        help: "set the output format (fields, json, protobuf, simple, table)")
    var writeOut = "simple"
}
