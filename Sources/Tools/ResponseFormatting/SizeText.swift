/// A human-readable size, in powers of 1,000: `25 kB`, `2.1 GB`.
package func sizeText(_ bytes: Int) -> String {
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
