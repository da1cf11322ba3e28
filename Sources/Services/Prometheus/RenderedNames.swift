/// The parts of the text of a metric that never change, as bytes.
struct RenderedNames: Sendable {
    /// The lines HELP and TYPE.
    let header: [UInt8]
    let name: [UInt8]
    /// For each label, in the order of the names: the position of its value, and what stands in
    /// front of the value: `code="`, and behind another label `",code="`.
    let labels: [(position: Int, text: [UInt8])]
    /// Of a histogram: the name of the buckets with a brace, `le="0.5"}` for each of them, and the
    /// names of sum and count.
    let bucket: [UInt8]
    let bounds: [[UInt8]]
    let sum: [UInt8]
    let count: [UInt8]

    init(_ description: MetricDescription) {
        name = Array(description.name.utf8)
        var header = Array("# HELP \(description.name) ".utf8)
        Self.appendEscaped(description.help, quotes: false, to: &header)
        header += "\n# TYPE \(description.name) \(description.kind.rawValue)\n".utf8
        self.header = header
        labels = description.labels.indices
            .sorted { description.labels[$0] < description.labels[$1] }
            .enumerated().map { index, position in
                let separator = index == 0 ? "" : "\","
                return (position, Array("\(separator)\(description.labels[position])=\"".utf8))
            }
        bucket = name + "_bucket{".utf8
        bounds = (description.buckets + [.infinity]).map { bound in
            var text = Array("le=\"".utf8)
            GoFloat.append(bound, to: &text)
            return text + "\"}".utf8
        }
        sum = name + "_sum".utf8
        count = name + "_count".utf8
    }

    /// `name="value",...` without braces.
    ///
    /// - Parameter values: in the order of the description's labels.
    func appendLabels(_ values: [String], to text: inout [UInt8]) {
        guard !labels.isEmpty else { return }
        for (position, start) in labels {
            text += start
            Self.appendEscaped(values[position], quotes: true, to: &text)
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ value: String, quotes: Bool, to text: inout [UInt8]) {
        var value = value
        value.withUTF8 { bytes in
            if bytes.contains(where: { mustEscape($0, quotes) }) {
                for byte in bytes { appendEscaped(byte, quotes: quotes, to: &text) }
            } else {
                text.append(contentsOf: bytes)
            }
        }
    }

    private static func mustEscape(_ byte: UInt8, _ quotes: Bool) -> Bool {
        byte == UInt8(ascii: "\\") || byte == 0x0A || quotes && byte == UInt8(ascii: "\"")
    }

    private static func appendEscaped(_ byte: UInt8, quotes: Bool, to text: inout [UInt8]) {
        guard mustEscape(byte, quotes) else { return text.append(byte) }
        text.append(UInt8(ascii: "\\"))
        text.append(byte == 0x0A ? UInt8(ascii: "n") : byte)
    }
}
