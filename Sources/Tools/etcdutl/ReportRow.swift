import ResponseFormatting

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
    func lines(_ format: OutputFormat) throws(UnsupportedFormat) -> [String] {
        switch format {
        case .simple: [cells.map(\.text).joined(separator: ", ")]
        case .fields: cells.map { "\"\($0.field)\" : \($0.exact)" }
        case .json: [GoJSON.object(json).text]
        case .table: BoxTable(headings: cells.map(\.heading), rows: [cells.map(\.text)]).lines
        case .protobuf: throw UnsupportedFormat(format: format)
        }
    }

    private var json: GoObject {
        var object = GoObject()
        for cell in cells {
            object.always(cell.key, cell.isText ? .string(cell.exact) : .number(cell.exact))
        }
        return object
    }
}

extension ReportRow.Cell {
    /// A number, printed alike in all formats.
    init(_ field: String, key: String, heading: String, number: some BinaryInteger) {
        self.init(
            field: field, key: key, heading: heading, text: "\(number)", exact: "\(number)",
            isText: false)
    }
}
