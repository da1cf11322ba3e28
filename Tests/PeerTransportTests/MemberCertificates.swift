import TLS
import TestSupport

/// The certificates of a test cluster: one authority, and a certificate for each member.
struct MemberCertificates: Sendable {
    let files: Files
    let authority: Issued

    init(authorityName: String = "test ca") throws {
        files = try Files()
        var template = CertificateTemplate.authority
        template.commonName = authorityName
        authority = try Issued.selfSigned(template)
        try files.write("ca.crt", authority.pem)
    }

    /// TLS of a member: it requires certificates of the authority, and shows its own.
    ///
    /// - Parameter issued: its certificate; one for 127.0.0.1 and both directions by default.
    func endpoint(_ name: String, _ issued: Issued? = nil) throws -> TLSEndpointConfiguration {
        let issued = try issued ?? authority.issue(.server)
        var endpoint = TLSEndpointConfiguration()
        endpoint.certificateFile = try files.write("\(name).crt", issued.pem)
        endpoint.keyFile = try files.write("\(name).key", issued.keyPEM)
        endpoint.trustedCAFile = files.path("ca.crt")
        endpoint.requiresClientCertificate = true
        return endpoint
    }
}
