/// A table in box-drawing characters as etcd 3.7 draws it: headings upper case and centred, cells
/// right aligned.
struct BoxTable {
    let headings: [String]
    let rows: [[String]]

    /// The table, line by line.
    var lines: [String] {
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

/// A human-readable size, in powers of 1,000: `25 kB`, `2.1 GB`.
func sizeText(_ bytes: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    guard bytes >= 10 else { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    let tenths = Int((value * 10 + 0.5).rounded(.down))
    guard tenths < 100 else { return "\((tenths + 5) / 10) \(units[unit])" }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}
