internal import GoText

/// The extensions of a certificate that its verification and its identity need.
struct CertificateExtensions: Sendable {
    struct BasicConstraints: Hashable, Sendable {
        var isAuthority: Bool
        /// How many intermediates may stand between this certificate and the leaf. nil: any number.
        var pathLengthMax: Int?
    }

    /// Bit 0 is digitalSignature, bit 5 keyCertSign. nil without the extension.
    var keyUsage: UInt16?
    var basicConstraints: BasicConstraints?
    /// nil without the extension.
    var extendedKeyUsages: [ObjectIdentifierBytes]?
    /// nil without the extension.
    var alternativeNames: AlternativeNames?
    var nameConstraints: NameConstraints?
    var subjectKeyIdentifier: ArraySlice<UInt8>?
    var authorityKeyIdentifier: ArraySlice<UInt8>?
    /// There is a critical extension that is not understood: the certificate is never valid.
    var hasUnhandledCriticalExtension = false

    init() {}

    /// - Parameter list: the content of the list of extensions.
    init(_ list: DERReader) throws(X509Error) {
        var list = list
        var seen: Set<ObjectIdentifierBytes> = []
        // Go parses the outer form of all extensions before the content of the first.
        var parsed: [CertificateExtension] = []
        while !list.isEmpty {
            guard let content = list.read(.sequence) else {
                throw X509Error("x509: malformed extension")
            }
            let next = try CertificateExtension(content)
            guard seen.insert(next.identifier).inserted else {
                throw X509Error(
                    "x509: certificate contains duplicate extension with OID "
                        + next.identifier.description.goQuoted)
            }
            parsed.append(next)
        }
        for next in parsed where try !handle(next) && next.isCritical {
            hasUnhandledCriticalExtension = true
        }
    }

    /// - Returns: false for an extension that is not understood.
    private mutating func handle(_ next: CertificateExtension) throws(X509Error) -> Bool {
        switch next.identifier.certificateExtension {
        case 14: subjectKeyIdentifier = try Self.subjectKeyIdentifier(next)
        case 15: keyUsage = try Self.keyUsage(next.value)
        case 17:
            let names = try AlternativeNames(next.value)
            alternativeNames = names
            return !names.isEmpty
        case 19: basicConstraints = try Self.basicConstraints(next.value)
        case 30:
            let constraints = try NameConstraints(next.value)
            nameConstraints = constraints
            return !constraints.hasUnknownForms
        case 35: authorityKeyIdentifier = try Self.authorityKeyIdentifier(next)
        case 37: extendedKeyUsages = try Self.extendedKeyUsages(next.value)
        // Distribution points, policies, their mappings and constraints: not evaluated.
        case 31, 32, 33, 36, 54: break
        default:
            guard next.identifier == .authorityInformationAccess else { return false }
            guard !next.isCritical else {
                throw X509Error("x509: authority info access incorrectly marked critical")
            }
        }
        return true
    }

    private static func subjectKeyIdentifier(
        _ next: CertificateExtension
    ) throws(X509Error) -> ArraySlice<UInt8> {
        guard !next.isCritical else {
            throw X509Error("x509: subject key identifier incorrectly marked critical")
        }
        var reader = DERReader(next.value)
        guard let identifier = reader.readElement(.octetString) else {
            throw X509Error("x509: invalid subject key identifier")
        }
        return identifier.content
    }

    private static func authorityKeyIdentifier(
        _ next: CertificateExtension
    ) throws(X509Error) -> ArraySlice<UInt8>? {
        guard !next.isCritical else {
            throw X509Error("x509: authority key identifier incorrectly marked critical")
        }
        var reader = DERReader(next.value)
        guard var fields = reader.read(.sequence) else {
            throw X509Error("x509: invalid authority key identifier")
        }
        switch fields.readOptional(.context(0)) {
        case .absent: return nil
        case .malformed: throw X509Error("x509: invalid authority key identifier")
        case .present(let identifier): return identifier.bytes
        }
    }

    private static func keyUsage(_ value: ArraySlice<UInt8>) throws(X509Error) -> UInt16 {
        var reader = DERReader(value)
        guard let bits = reader.readBitString() else {
            throw X509Error("x509: invalid key usage")
        }
        return (0..<9).reduce(into: 0) { usage, index in
            if bits.bit(index) { usage |= 1 << UInt16(index) }
        }
    }

    private static func basicConstraints(
        _ value: ArraySlice<UInt8>
    ) throws(X509Error) -> BasicConstraints {
        var reader = DERReader(value)
        guard var fields = reader.read(.sequence) else {
            throw X509Error("x509: invalid basic constraints")
        }
        var constraints = BasicConstraints(isAuthority: false)
        if fields.isNext(.boolean) {
            guard let flag = fields.readBoolean() else {
                throw X509Error("x509: invalid basic constraints")
            }
            constraints.isAuthority = flag
        }
        if fields.isNext(.integer) {
            guard let length = fields.readSmallInteger(), length >= 0 else {
                throw X509Error("x509: invalid basic constraints")
            }
            constraints.pathLengthMax = length
        }
        return constraints
    }

    private static func extendedKeyUsages(
        _ value: ArraySlice<UInt8>
    ) throws(X509Error) -> [ObjectIdentifierBytes] {
        var reader = DERReader(value)
        guard var list = reader.read(.sequence) else {
            throw X509Error("x509: invalid extended key usages")
        }
        var usages: [ObjectIdentifierBytes] = []
        while !list.isEmpty {
            guard let usage = list.readObjectIdentifier() else {
                throw X509Error("x509: invalid extended key usages")
            }
            usages.append(usage)
        }
        return usages
    }
}

/// The outer form of one extension.
struct CertificateExtension {
    var identifier: ObjectIdentifierBytes
    var isCritical = false
    var value: ArraySlice<UInt8>

    /// - Parameter content: of the element.
    init(_ content: DERReader) throws(X509Error) {
        var content = content
        guard let identifier = content.readObjectIdentifier() else {
            throw X509Error("x509: malformed extension OID field")
        }
        self.identifier = identifier
        if content.isNext(.boolean) {
            guard let flag = content.readBoolean() else {
                throw X509Error("x509: malformed extension critical field")
            }
            isCritical = flag
        }
        guard let value = content.readElement(.octetString) else {
            throw X509Error("x509: malformed extension value field")
        }
        self.value = value.content
    }
}
