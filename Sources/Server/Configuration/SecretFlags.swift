/// Flags whose values are passwords. Neither the log nor a page of the member shows them, unlike
/// etcd's.
package enum SecretFlags {
    private static let names: Set = ["discovery-password"]
    static let mask = "********"

    static func isSecret(_ flag: FlagDefinition) -> Bool { names.contains(flag.name) }

    /// The arguments of a command line, with passwords replaced.
    package static func masked(_ arguments: [String]) -> [String] {
        var masked: [String] = []
        var isValue = false
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1)
            let isSecret = parts.first.map(isName) ?? false
            if isValue {
                masked.append(mask)
                isValue = false
            } else if isSecret, parts.count == 2 {
                masked.append("\(parts[0])=\(mask)")
            } else {
                masked.append(argument)
                isValue = isSecret && !argument.contains("=")
            }
        }
        return masked
    }

    /// Whether it is one of these flags, with one dash or two.
    private static func isName(_ text: Substring) -> Bool {
        let dashes = text.prefix { $0 == "-" }.count
        return (1...2).contains(dashes) && names.contains(String(text.dropFirst(dashes)))
    }
}
