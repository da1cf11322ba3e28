internal import Glibc

/// The roots of the system, found where Go finds them.
enum SystemRoots {
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]
    private static let directories = ["/etc/ssl/certs", "/etc/pki/tls/certs"]

    /// The first file that can be read, and all files of the directories. `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` replace the lists. Files that cannot be read or parsed are skipped.
    static func load() -> CertificatePool {
        let files = environment("SSL_CERT_FILE").map { [$0] } ?? files
        let directories =
            environment("SSL_CERT_DIR")
            .map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
            ?? directories
        var seen: Set<[UInt8]> = []
        var certificates: [X509Certificate] = []
        func add(_ bytes: [UInt8]) {
            // The same certificates are in the file and, once more, in the directory.
            for block in PEM.blocks(bytes) where block.type == "CERTIFICATE" && !block.hasHeaders {
                guard seen.insert(block.content).inserted,
                    let certificate = try? X509Certificate(block.content)
                else { continue }
                certificates.append(certificate)
            }
        }
        for file in files {
            guard let bytes = try? FileContents.read(file) else { continue }
            add(bytes)
            break
        }
        for directory in directories {
            for name in names(directory) {
                guard let bytes = try? FileContents.read("\(directory)/\(name)") else { continue }
                add(bytes)
            }
        }
        return CertificatePool(certificates)
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The entries of a directory, without links to others of the same directory.
    private static func names(_ directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != "..", !isLinkWithin("\(directory)/\(name)") else { continue }
            names.append(name)
        }
        return names.sorted()
    }

    private static func isLinkWithin(_ path: String) -> Bool {
        var target = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &target, target.count)
        return count > 0 && !target.prefix(count).contains(CChar(UInt8(ascii: "/")))
    }
}
