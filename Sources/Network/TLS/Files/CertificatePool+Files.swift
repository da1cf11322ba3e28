extension CertificatePool {
    /// Reads the certificates of `--trusted-ca-file`. Each PEM block is taken for a certificate,
    /// whatever its type; a file without any is an empty pool.
    convenience init(trustedCAFile path: String) throws(TLSConfigurationError) {
        try self.init(trusted: FileContents.read(path))
    }

    convenience init(trusted pem: [UInt8]) throws(TLSConfigurationError) {
        var certificates: [X509Certificate] = []
        for block in PEM.blocks(pem) {
            do throws(X509Error) {
                certificates.append(try X509Certificate(block.content))
            } catch {
                throw TLSConfigurationError(error.description)
            }
        }
        self.init(certificates)
    }
}
