/// Why a certificate or a revocation list cannot be parsed, or is not valid: Go's text.
struct X509Error: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
