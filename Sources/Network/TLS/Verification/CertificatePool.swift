/// Certificates that are trusted: roots, intermediates, or single certificates.
final class CertificatePool: Sendable {
    let certificates: [X509Certificate]
    private let bySubject: [ArraySlice<UInt8>: [X509Certificate]]
    private let encodings: Set<[UInt8]>

    init(_ certificates: [X509Certificate]) {
        var encodings: Set<[UInt8]> = []
        let distinct = certificates.filter { encodings.insert($0.der).inserted }
        self.certificates = distinct
        self.encodings = encodings
        bySubject = Dictionary(grouping: distinct, by: \.rawSubject)
    }

    func contains(_ certificate: X509Certificate) -> Bool {
        encodings.contains(certificate.der)
    }

    /// The certificates that may have signed `child`, those first whose key identifiers agree.
    func possibleParents(of child: X509Certificate) -> [X509Certificate] {
        Self.ordered(bySubject[child.rawIssuer] ?? [], for: child)
    }

    /// The same order for certificates that are in no pool.
    static func possibleParents(
        of child: X509Certificate, among candidates: some Sequence<X509Certificate>
    ) -> [X509Certificate] {
        ordered(candidates.filter { $0.rawSubject == child.rawIssuer }, for: child)
    }

    private static func ordered(
        _ candidates: [X509Certificate], for child: X509Certificate
    ) -> [X509Certificate] {
        guard candidates.count > 1 else { return candidates }
        let wanted = child.extensions.authorityKeyIdentifier
        func rank(_ candidate: X509Certificate) -> Int {
            let identifier = candidate.extensions.subjectKeyIdentifier
            if identifier == wanted, wanted != nil { return 0 }
            return identifier == nil || wanted == nil ? 1 : 2
        }
        return (0...2).flatMap { wanted in candidates.filter { rank($0) == wanted } }
    }
}
