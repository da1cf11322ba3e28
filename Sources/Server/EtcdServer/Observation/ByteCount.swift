/// Sizes as log lines show them: `4.2 MB`, with steps of 1000.
enum ByteCount {
    static func text(_ bytes: Int) -> String {
        guard bytes >= 10 else { return "\(max(0, bytes)) B" }
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        // Half up to tenths, as the line's readers are used to; below ten one digit is shown.
        let tenths = Int((value * 10 + 0.5).rounded(.down))
        let shown = tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
        return "\(shown) \(units[unit])"
    }
}
