/// A table in box-drawing characters as etcd 3.7 draws it: headings upper case and centred, cells
/// right aligned.
package struct BoxTable {
    private let headings: [String]
    private let rows: [[String]]

    package init(headings: [String], rows: [[String]]) {
        self.headings = headings
        self.rows = rows
    }

    /// The table, line by line.
    package var lines: [String] {
        let widths = headings.indices.map { column in
            rows.map { $0[column].count }.reduce(headings[column].count, max)
        }
        let rules = widths.map { String(repeating: "─", count: $0 + 2) }
        var lines = ["┌" + rules.joined(separator: "┬") + "┐"]
        let titles = zip(headings, widths).map { Self.centred($0.uppercased(), $1) }
        lines.append(Self.row(titles))
        lines.append("├" + rules.joined(separator: "┼") + "┤")
        for row in rows {
            lines.append(Self.row(zip(row, widths).map(Self.rightAligned)))
        }
        lines.append("└" + rules.joined(separator: "┴") + "┘")
        return lines
    }

    private static func row(_ cells: [String]) -> String {
        "│ " + cells.joined(separator: " │ ") + " │"
    }

    private static func rightAligned(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: width - text.count) + text
    }

    private static func centred(_ text: String, _ width: Int) -> String {
        let padding = width - text.count
        return String(repeating: " ", count: padding / 2) + text
            + String(repeating: " ", count: padding - padding / 2)
    }
}
