/// The type that YAML infers for a scalar without quotes.
enum PlainScalar: String {
    case number, bool, string

    init(_ text: String) {
        if (try? Bool(fileNode: .scalar(text, isQuoted: false))) != nil {
            self = .bool
        } else {
            self = Self.isNumber(text) ? .number : .string
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else {
            return false
        }
        if (try? IntegerText.parse(text) as Int64) != nil { return true }
        let plain = text.replacing("_", with: "")
        // Only the decimal form: Swift also reads `0x1p3`, `inf` and `nan`.
        return plain.utf8.allSatisfy("+-.0123456789eE".utf8.contains) && Double(plain) != nil
    }
}
