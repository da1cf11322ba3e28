import Crypto
import FoundationEssentials
import SwiftASN1
import TestSupport
import X509

/// A certificate of the tests with its private key.
struct Issued {
    let certificate: Certificate
    let key: Certificate.PrivateKey
    let name: DistinguishedName

    var der: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        }
    }

    var pem: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    var keyPEM: String {
        get throws { try key.serializeAsPEM().pemString + "\n" }
    }
}

/// What a certificate of the tests says.
struct CertificateTemplate {
    enum Usage {
        case client, server, any, codeSigning
    }

    var commonName: String? = "test"
    var dnsNames: [String] = []
    var addresses: [[UInt8]] = []
    /// nil: no extension.
    var usages: [Usage]? = [.client, .server]
    /// Seconds from now.
    var validity: ClosedRange<Double> = -3600...3600
    var serialNumber: [UInt8] = [0x04, 0x15]
    var isAuthority = false
    var pathLengthMax: Int?
    var keyUsage: KeyUsage?
    var permittedDNSDomains: [String] = []
    var unknownCriticalExtension = false

    static let server = CertificateTemplate(
        commonName: "server", dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]])
    static let client = CertificateTemplate(commonName: "root", usages: [.client])
    static let authority = CertificateTemplate(
        commonName: "test ca", usages: nil, isAuthority: true,
        keyUsage: KeyUsage(keyCertSign: true, cRLSign: true))
}

extension Issued {
    /// A certificate that has signed itself.
    static func selfSigned(
        _ template: CertificateTemplate = .authority, key: Certificate.PrivateKey? = nil
    ) throws -> Issued {
        try make(template, key: key, issuer: nil)
    }

    /// A certificate that this one signs.
    func issue(
        _ template: CertificateTemplate, key: Certificate.PrivateKey? = nil
    ) throws -> Issued {
        try Self.make(template, key: key, issuer: self)
    }

    private static func make(
        _ template: CertificateTemplate, key: Certificate.PrivateKey?, issuer: Issued?
    ) throws -> Issued {
        let key = key ?? Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName {
            if let commonName = template.commonName {
                CommonName(commonName)
            } else {
                OrganizationName("nobody")
            }
        }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: template.serialNumber),
            publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(template.validity.lowerBound),
            notValidAfter: now.addingTimeInterval(template.validity.upperBound),
            issuer: issuer?.name ?? name, subject: name,
            extensions: template.extensions(), issuerPrivateKey: issuer?.key ?? key)
        return Issued(certificate: certificate, key: key, name: name)
    }
}

extension CertificateTemplate {
    fileprivate func extensions() throws -> Certificate.Extensions {
        try Certificate.Extensions {
            if isAuthority {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLengthMax))
            }
            if let keyUsage { Critical(keyUsage) }
            if let usages { try X509.ExtendedKeyUsage(usages.map(\.value)) }
            if !dnsNames.isEmpty || !addresses.isEmpty {
                SubjectAlternativeNames(
                    dnsNames.map { .dnsName($0) }
                        + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) })
            }
            if !permittedDNSDomains.isEmpty {
                Critical(
                    NameConstraints(permittedDNSDomains: permittedDNSDomains))
            }
            if unknownCriticalExtension {
                Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])
            }
        }
    }
}

extension CertificateTemplate.Usage {
    fileprivate var value: X509.ExtendedKeyUsage.Usage {
        switch self {
        case .client: .clientAuth
        case .server: .serverAuth
        case .any: .any
        case .codeSigning: .codeSigning
        }
    }
}

/// A directory with files for one test.
struct Files {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    func path(_ name: String) -> String { directory.path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = path(name)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
