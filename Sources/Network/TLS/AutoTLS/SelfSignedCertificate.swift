internal import Glibc

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
    /// - Parameter validityYears: years of 365 days; 0 is refused. As in etcd the end of the
    ///   validity overflows after 292 years.
    package static func prepare(
        directory: String, hosts: [String], validityYears: UInt
    ) throws(TLSConfigurationError) -> Created {
        guard validityYears > 0 else {
            throw TLSConfigurationError(
                "selfSignedCertValidity is invalid,it should be greater than 0")
        }
        try makeDirectory(directory)
        var created = Created(
            certificateFile: "\(directory)/cert.pem", keyFile: "\(directory)/key.pem",
            notAfter: "", isNew: false)
        if exists(created.certificateFile), exists(created.keyFile) { return created }
        let now = WallClock.now
        let end = Self.end(now, years: validityYears)
        let template = SelfSignedTemplate(
            hosts: hosts, notBefore: now.seconds, notAfter: end.seconds)
        let files = try template.sign()
        try write(files.certificate, to: created.certificateFile, mode: 0o644)
        try write(files.key, to: created.keyFile, mode: 0o600)
        created.isNew = true
        created.notAfter = text(end)
        return created
    }

    /// `now` and as many years, counted in nanoseconds of 64 bits that wrap around.
    static func end(_ now: WallClock, years: UInt) -> WallClock {
        let year: Int64 = 365 * 86_400 * 1_000_000_000
        let nanoseconds = year &* Int64(truncatingIfNeeded: years)
        var end = WallClock(
            seconds: now.seconds + nanoseconds / 1_000_000_000,
            nanoseconds: now.nanoseconds + nanoseconds % 1_000_000_000)
        if end.nanoseconds < 0 {
            end.nanoseconds += 1_000_000_000
            end.seconds -= 1
        } else if end.nanoseconds >= 1_000_000_000 {
            end.nanoseconds -= 1_000_000_000
            end.seconds += 1
        }
        return end
    }

    private static func text(_ time: WallClock) -> String {
        let digits = String(time.nanoseconds / 1000)
        return CivilTime(secondsSince1970: time.seconds).text + "."
            + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }

    private static func exists(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0
    }

    /// Creates the directory and its parents, for the owner only.
    private static func makeDirectory(_ path: String) throws(TLSConfigurationError) {
        if exists(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectory(String(path[..<slash]))
        }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw FileContents.failure("mkdir", path, errno)
        }
    }

    private static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t
    ) throws(TLSConfigurationError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileContents.failure("open", path, errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 {
                guard errno == EINTR else { throw FileContents.failure("write", path, errno) }
                continue
            }
            written += count
        }
    }
}
