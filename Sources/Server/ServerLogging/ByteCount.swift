/// Sizes as log lines show them: `4.2 MB`, with steps of 1000.
package enum ByteCount {
    package static func text(_ bytes: Int) -> String {
        guard bytes >= 10 else { return "\(max(0, bytes)) B" }
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        // Rounded half up to tenths, as in etcd's logs; values below ten have one decimal.
        let tenths = Int((value * 10 + 0.5).rounded(.down))
        let shown = tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
        return "\(shown) \(units[unit])"
    }
}
