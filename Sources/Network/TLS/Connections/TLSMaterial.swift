internal import NIOSSL

/// Everything that one connection needs: replaced as a whole when a file has changed.
struct TLSMaterial: Sendable {
    let context: NIOSSLContext
    /// nil: the other side's certificate is not asked for, or not verified.
    let trust: TrustStore?
    /// nil: there is no revocation list.
    let revocation: Revocation?
}

/// The state of a revocation list.
enum Revocation: Sendable {
    case list(RevocationList)
    /// The list cannot be read or parsed: every certificate is refused with this text.
    case broken(String)

    init(_ contents: Result<[[UInt8]], TLSConfigurationError>) {
        do {
            let files = try contents.get()
            self = .list(try RevocationList(files.first ?? []))
        } catch {
            self = .broken("\(error)")
        }
    }

    /// Why one of the certificates is refused; nil for good ones.
    func refusal(of serialNumbers: [[UInt8]]) -> String? {
        switch self {
        case .broken(let text): return text
        case .list(let list):
            return serialNumbers.first(where: list.contains).map {
                "transport: certificate serial \(hexadecimal($0)) revoked"
            }
        }
    }
}
