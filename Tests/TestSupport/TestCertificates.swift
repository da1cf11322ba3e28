import Crypto
import FoundationEssentials
import SwiftASN1
package import X509

/// A certificate of the tests with its private key.
package struct Issued {
    package let certificate: Certificate
    package let key: Certificate.PrivateKey
    package let name: DistinguishedName

    package var der: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        }
    }

    package var pem: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    package var keyPEM: String {
        get throws { try key.serializeAsPEM().pemString + "\n" }
    }
}

/// What a certificate of the tests says.
package struct CertificateTemplate {
    package enum Usage {
        case client, server, any, codeSigning
    }

    package var commonName: String? = "test"
    package var dnsNames: [String] = []
    package var addresses: [[UInt8]] = []
    /// nil: no extension.
    package var usages: [Usage]? = [.client, .server]
    /// Seconds from now.
    package var validity: ClosedRange<Double> = -3600...3600
    package var serialNumber: [UInt8] = [0x04, 0x15]
    package var isAuthority = false
    package var pathLengthMax: Int?
    package var keyUsage: KeyUsage?
    package var permittedDNSDomains: [String] = []
    package var unknownCriticalExtension = false

    package init(
        commonName: String? = "test", dnsNames: [String] = [], addresses: [[UInt8]] = [],
        usages: [Usage]? = [.client, .server], validity: ClosedRange<Double> = -3600...3600,
        serialNumber: [UInt8] = [0x04, 0x15], isAuthority: Bool = false,
        pathLengthMax: Int? = nil, keyUsage: KeyUsage? = nil
    ) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.addresses = addresses
        self.usages = usages
        self.validity = validity
        self.serialNumber = serialNumber
        self.isAuthority = isAuthority
        self.pathLengthMax = pathLengthMax
        self.keyUsage = keyUsage
    }

    package static let server = CertificateTemplate(
        commonName: "server", dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]])
    package static let client = CertificateTemplate(commonName: "root", usages: [.client])
    package static let authority = CertificateTemplate(
        commonName: "test ca", usages: nil, isAuthority: true,
        keyUsage: KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
}

extension Issued {
    /// A certificate that has signed itself.
    package static func selfSigned(
        _ template: CertificateTemplate = .authority, key: Certificate.PrivateKey? = nil
    ) throws -> Issued {
        try make(template, key: key, issuer: nil)
    }

    /// A certificate that this one signs.
    package func issue(
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
package struct Files {
    package let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory()
    }

    package func path(_ name: String) -> String { directory.path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    @discardableResult
    package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = path(name)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
