internal import NIOCore
internal import NIOSSL

/// What the verification of a handshake has found. Used on the event loop of its connection.
final class HandshakeVerification {
    private(set) var verified: VerifiedChain?
    /// Go's text.
    private(set) var failure: String?

    /// Verifies the certificates of a handshake, and completes its promise.
    /// - Parameter trust: nil fails each certificate unless any is allowed.
    func verify(
        _ presented: [NIOSSLCertificate], _ trust: TrustStore?, host: String?,
        allowed: AllowedNames, _ promise: EventLoopPromise<NIOSSLVerificationResult>
    ) {
        do throws(X509Error) {
            if let trust {
                var certificates: [[UInt8]] = []
                for certificate in presented {
                    guard let der = try? certificate.toDERBytes() else {
                        throw X509Error("tls: failed to parse certificate")
                    }
                    certificates.append(der)
                }
                verified = try trust.verify(certificates, host: host, now: .now)
            }
            guard verified.map({ allowed.permit($0.leaf) }) ?? allowed.isEmpty else {
                throw X509Error(AllowedNames.refusal)
            }
            promise.succeed(.certificateVerified)
        } catch {
            failure = error.description
            promise.succeed(.failed)
        }
    }
}
