/// What a file with a certificate says.
package enum CertificateFile {
    /// The common name of the first certificate; empty without one.
    ///
    /// - Throws: the text of Go or of the file system.
    package static func commonName(of path: String) throws(TLSConfigurationError) -> String {
        let blocks = PEM.blocks(try FileContents.read(path))
        guard let certificate = blocks.first(where: { $0.type == "CERTIFICATE" }) else { return "" }
        do throws(X509Error) {
            return try X509Certificate(certificate.content).subject.commonName
        } catch {
            throw TLSConfigurationError(error.description)
        }
    }
}
