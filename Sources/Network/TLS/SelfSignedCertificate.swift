/// Auto TLS: the self-signed certificate in the data directory.
package enum SelfSignedCertificate {
    package struct Created: Sendable, Hashable {
        /// Path of the certificate: `<directory>/cert.pem`.
        package var certificateFile: String
        /// Path of the key: `<directory>/key.pem`.
        package var keyFile: String
        /// The end of the validity in RFC 3339 with microseconds; empty for files that existed.
        package var notAfter: String
        /// Whether the files were created now.
        package var isNew: Bool
    }

    /// Creates the two files unless both exist.
    /// - Parameter hosts: names and addresses of the certificate; duplicates are kept.
    /// - Parameter validityYears: years of 365 days; 0 is refused.
    package static func prepare(
        directory: String, hosts: [String], validityYears: UInt
    ) throws(TLSConfigurationError) -> Created {
        throw TLSConfigurationError("not implemented")
    }
}
