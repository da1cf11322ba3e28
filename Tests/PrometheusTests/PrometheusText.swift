/// A strict parser of the text format, to check the rendered metrics.
struct PrometheusText {
    struct Sample: Equatable {
        let name: String
        let labels: [String]
        let values: [String: String]
        let value: Double
        let valueText: String
    }

    struct Malformed: Error {
        let line: String
    }

    var types: [String: String] = [:]
    var helps: [String: String] = [:]
    /// Families in the order of their TYPE lines.
    var families: [String] = []
    var samples: [Sample] = []

    init(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\n") else { throw Malformed(line: "no line feed at the end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            if words.first == "#" {
                guard words.count == 4 else { throw Malformed(line: String(line)) }
                let name = String(words[2])
                if words[1] == "HELP" {
                    helps[name] = String(words[3])
                } else {
                    guard helps[name] != nil, types[name] == nil else {
                        throw Malformed(line: String(line))
                    }
                    types[name] = String(words[3])
                    families.append(name)
                }
            } else {
                samples.append(try Self.sample(line))
            }
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        var labels: [String] = []
        var values: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count + 2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\" {
                        let escaped = rest.popFirst()
                        value.append(escaped == "n" ? "\n" : escaped ?? "?")
                    } else {
                        value.append(character)
                    }
                }
                labels.append(label)
                values[label] = value
                if rest.first == "," { rest.removeFirst() }
                if rest.isEmpty { throw Malformed(line: String(line)) }
            }
            rest.removeFirst()
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else {
            throw Malformed(line: String(line))
        }
        return Sample(
            name: name, labels: labels, values: values, value: value,
            valueText: String(rest.dropFirst()))
    }

    func value(_ name: String, _ values: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.values == values }?.value
    }
}
