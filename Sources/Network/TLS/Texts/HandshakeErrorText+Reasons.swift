extension HandshakeErrorText {
    /// nil for a reason without a text of Go.
    func text(of reason: BoringSSLReason) -> String? {
        if let alert = reason.alert { return "remote error: tls: \(AlertText.of(alert))" }
        switch reason {
        case .proxyRequest, .httpRequest, .wrongVersionNumber: return Self.noHandshake
        // Bytes that begin neither a handshake nor the hello of SSL 2.
        case .recordLengthMismatch, .recordTooLarge, .invalidOuterRecordType:
            return hello == nil ? Self.noHandshake : Self.unexpectedMessage
        case .unexpectedMessage, .unexpectedRecord, .applicationDataInHandshake,
            .badChangeCipherSpec, .changeCipherSpecEarly:
            return Self.unexpectedMessage
        case .certificateVerifyFailed: return "tls: failed to verify certificate"
        case .peerDidNotReturnCertificate: return "tls: client didn't provide a certificate"
        case .decodeError, .errorParsingExtension, .parseExtension, .duplicateExtension,
            .badLength, .clientHelloParseFailed, .clientHelloExtension, .extraDataInMessage:
            return "local error: tls: error decoding message"
        case .decryptionFailed, .decryptionFailedOrBadRecordMAC:
            return "local error: tls: bad record MAC"
        case .dataLengthTooLong, .encryptedLengthTooLong:
            return "tls: oversized record received"
        case .excessiveMessageSize:
            return "tls: handshake message exceeds maximum of 65536 bytes"
        case .missingExtension, .missingKeyShare: return "local error: tls: missing extension"
        default: return textOfDisagreement(reason)
        }
    }

    /// What the two sides cannot agree on.
    private func textOfDisagreement(_ reason: BoringSSLReason) -> String? {
        switch reason {
        case .inappropriateFallback: "tls: client using inappropriate protocol fallback"
        case .noCompressionSpecified, .invalidCompressionList:
            "tls: client does not support uncompressed connections"
        case .noSharedCipher:
            "tls: no cipher suite supported by both client and server"
                + (hello.map { "; client offered: \(Self.list($0.cipherSuites))" } ?? "")
        case .unsupportedProtocol where side == .client:
            "tls: server selected unsupported protocol version"
        case .unsupportedProtocol:
            "tls: client offered only unsupported versions: \(Self.list(hello?.versions ?? []))"
        case .badCurvePoint, .wrongCurve, .duplicateKeyShare: "tls: invalid client key share"
        case .noCommonSignatureAlgorithms:
            "tls: peer doesn't support any of the certificate's signature algorithms"
        case .noSharedGroup: "tls: no key exchanges supported by both client and server"
        case .badSignature:
            "tls: invalid signature by the \(side == .server ? "client" : "server") certificate"
        default: nil
        }
    }

    private static let noHandshake = "tls: first record does not look like a TLS handshake"
    private static let unexpectedMessage = "local error: tls: unexpected message"

    /// `[302 301]`.
    private static func list(_ numbers: [UInt16]) -> String {
        "[" + numbers.map { String($0, radix: 16) }.joined(separator: " ") + "]"
    }
}
