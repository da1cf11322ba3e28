internal import GoText

/// The name constraints of an authority.
struct NameConstraints: Hashable, Sendable {
    struct Network: Hashable, Sendable {
        var address: [UInt8]
        var mask: [UInt8]
    }

    /// The constraints of one of the two lists.
    struct Subtrees: Hashable, Sendable {
        var dnsDomains: [String] = []
        var networks: [Network] = []
        var emailConstraints: [String] = []
        var uriDomains: [String] = []
    }

    var permitted = Subtrees()
    var excluded = Subtrees()
    /// There are constraints for other kinds of names, which cannot be evaluated.
    var hasUnknownForms = false

    /// - Parameter value: of the extension.
    init(_ value: ArraySlice<UInt8>) throws(X509Error) {
        var outer = DERReader(value)
        guard var fields = outer.read(.sequence), outer.isEmpty else { throw Self.invalid }
        let permittedField = fields.readOptional(.contextConstructed(0))
        let excludedField = fields.readOptional(.contextConstructed(1))
        guard fields.isEmpty else { throw Self.invalid }
        if case .absent = permittedField, case .absent = excludedField {
            throw X509Error("x509: empty name constraints extension")
        }
        permitted = try subtrees(permittedField)
        excluded = try subtrees(excludedField)
    }

    private static var invalid: X509Error {
        X509Error("x509: invalid NameConstraints extension")
    }

    private mutating func subtrees(
        _ field: DERReader.Optionally<DERReader>
    ) throws(X509Error) -> Subtrees {
        var found = Subtrees()
        switch field {
        case .absent: return found
        case .malformed: throw Self.invalid
        case .present(var list):
            guard !list.isEmpty else {
                throw X509Error("x509: empty name constraints subtree sequence")
            }
            while !list.isEmpty {
                guard var subtree = list.read(.sequence), let base = subtree.readAny() else {
                    throw Self.invalid
                }
                try add(base, to: &found)
            }
            return found
        }
    }

    private mutating func add(
        _ base: DERReader.Element, to subtrees: inout Subtrees
    ) throws(X509Error) {
        switch base.tag {
        case .context(1):
            subtrees.emailConstraints.append(try Self.text(base.content, "rfc822Name"))
        case .context(2): subtrees.dnsDomains.append(try Self.text(base.content, "dnsName"))
        case .context(6): subtrees.uriDomains.append(try Self.text(base.content, "URI"))
        case .context(7): subtrees.networks.append(try Self.network(base.content))
        default: hasUnknownForms = true
        }
    }

    private static func text(
        _ content: ArraySlice<UInt8>, _ kind: String
    ) throws(X509Error) -> String {
        let text = String(decoding: content, as: UTF8.self)
        guard content.allSatisfy({ (33...126).contains($0) }) else {
            throw X509Error("x509: failed to parse \(kind) constraint \(text.goQuoted)")
        }
        return text
    }

    private static func network(
        _ content: ArraySlice<UInt8>
    ) throws(X509Error) -> Network {
        guard content.count == 8 || content.count == 32 else {
            throw X509Error(
                "x509: IP constraint contained value of length \(content.count)")
        }
        let mask = Array(content.suffix(content.count / 2))
        let ones = mask.prefix { $0 == 0xff }.count
        let rest = mask[ones...]
        guard rest.dropFirst().allSatisfy({ $0 == 0 }),
            // Ones, then zeros.
            rest.first.map({ ~$0 & (~$0 &+ 1) == 0 }) ?? true
        else {
            throw X509Error(
                "x509: IP constraint contained invalid mask \(hexadecimal(mask))")
        }
        return Network(address: Array(content.prefix(content.count / 2)), mask: mask)
    }
}
