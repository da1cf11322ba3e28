internal import Base64
internal import Crypto

/// What a certificate of auto TLS says.
struct SelfSignedTemplate {
    var hosts: [String]
    /// Seconds since 1970.
    var notBefore: Int64
    var notAfter: Int64

    /// - Returns: both files in PEM.
    func sign() throws(TLSConfigurationError) -> (certificate: [UInt8], key: [UInt8]) {
        let key = P521.Signing.PrivateKey()
        let algorithm = DERWriter.sequence(DERWriter.objectIdentifier(.ecdsaWithSHA512))
        let signedPart = signedPart(
            algorithm, publicKey: Array(key.publicKey.x963Representation))
        let signature: P521.Signing.ECDSASignature
        do {
            signature = try key.signature(for: SHA512.hash(data: signedPart))
        } catch {
            throw TLSConfigurationError("x509: the certificate cannot be signed: \(error)")
        }
        let certificate = DERWriter.sequence(
            signedPart, algorithm, DERWriter.bitString(Array(signature.derRepresentation)))
        return (
            PEM.encode(certificate, type: "CERTIFICATE"),
            PEM.encode(Self.sec1(key), type: "EC PRIVATE KEY")
        )
    }

    private func signedPart(_ algorithm: [UInt8], publicKey: [UInt8]) -> [UInt8] {
        let name = DERWriter.sequence(
            DERWriter.element(
                .set,
                DERWriter.sequence(
                    DERWriter.objectIdentifier(.organization),
                    DERWriter.element(.printableString, Array("etcd".utf8)))))
        var generator = SystemRandomNumberGenerator()
        let serialNumber = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return DERWriter.sequence(
            DERWriter.element(.contextConstructed(0), DERWriter.integer([2])),
            DERWriter.integer(serialNumber), algorithm, name,
            DERWriter.sequence(DERWriter.time(notBefore), DERWriter.time(notAfter)), name,
            DERWriter.sequence(
                DERWriter.sequence(
                    DERWriter.objectIdentifier(.ecPublicKey), DERWriter.objectIdentifier(.p521)),
                DERWriter.bitString(publicKey)),
            DERWriter.element(.contextConstructed(3), extensions(publicKey)))
    }

    private func extensions(_ publicKey: [UInt8]) -> [UInt8] {
        // digitalSignature, keyEncipherment and cRLSign: the last bit does not count.
        let keyUsage: [UInt8] = DERWriter.element(.bitString, [1, 0b1010_0010])
        let names = hosts.map { host in
            HostName.address(host).map { DERWriter.element(.context(7), $0.bytes) }
                ?? DERWriter.element(.context(2), Array(host.utf8))
        }
        let identifier = Array(SHA256.hash(data: publicKey).prefix(20))
        return DERWriter.sequence(
            DERWriter.certificateExtension(15, isCritical: true, keyUsage),
            DERWriter.certificateExtension(
                37, DERWriter.sequence(DERWriter.objectIdentifier(.serverAuth))),
            DERWriter.certificateExtension(
                19, isCritical: true, DERWriter.sequence(DERWriter.element(.boolean, [0xff]))),
            DERWriter.certificateExtension(14, DERWriter.octetString(identifier)),
            names.isEmpty
                ? []
                : DERWriter.certificateExtension(
                    17, DERWriter.element(.sequence, names.flatMap { $0 })))
    }

    private static func sec1(_ key: P521.Signing.PrivateKey) -> [UInt8] {
        DERWriter.sequence(
            DERWriter.integer([1]), DERWriter.octetString(Array(key.rawRepresentation)),
            DERWriter.element(.contextConstructed(0), DERWriter.objectIdentifier(.p521)),
            DERWriter.element(
                .contextConstructed(1),
                DERWriter.bitString(Array(key.publicKey.x963Representation))))
    }
}

extension PEM {
    static func encode(_ content: [UInt8], type: String) -> [UInt8] {
        let text = Base64.encode(content)
        var pem = Array("-----BEGIN \(type)-----\n".utf8)
        for start in stride(from: 0, to: text.count, by: 64) {
            pem += text[start..<min(start + 64, text.count)] + [UInt8(ascii: "\n")]
        }
        return pem + Array("-----END \(type)-----\n".utf8)
    }
}
