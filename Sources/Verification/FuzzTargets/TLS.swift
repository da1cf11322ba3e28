import TLS

/// Parses a certificate, a revocation list and a private key, and verifies the certificate as one
/// that has signed itself.
package func fuzzCertificates(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    for host in ["localhost", "127.0.0.1"] {
        guard let parsed = TLSFileParsers.certificate(bytes, validFor: host) else { continue }
        let identity = parsed.identity
        precondition(
            !parsed.isValid || !identity.dnsNames.isEmpty || !identity.ipAddresses.isEmpty,
            "a certificate without names is valid for no host")
    }
    _ = TLSFileParsers.verify([bytes, bytes], trusted: [bytes])
    if let count = TLSFileParsers.revocationList(bytes) {
        precondition(count <= bytes.count / 3, "an integer has at least three bytes")
    }
    _ = TLSFileParsers.privateKey(bytes)
}

/// Reads a PEM file, as one of trusted certificates and as one of a certificate with its key; and
/// the value of `--cipher-suites`.
package func fuzzPEM(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    for block in TLSFileParsers.blocks(bytes) {
        precondition(block.content.count <= bytes.count, "Base64 does not shrink")
        let again = TLSFileParsers.blocks(
            TLSFileParsers.encode(block.content, type: "CERTIFICATE"))
        precondition(again.count == 1 && again[0].content == block.content)
    }
    _ = TLSFileParsers.keyPair(certificates: bytes, key: bytes)
    let names = String(decoding: bytes, as: UTF8.self).split(separator: ",").map(String.init)
    try? CipherSuites.check(names)
    try? CipherSuites.checkHTTP2(names)
}

/// Parses the first bytes of a connection.
package func fuzzClientHello(_ input: UnsafeRawBufferPointer) {
    let arrival = ClientHelloArrival.of(input)
    if case .incomplete(let bytesMin) = arrival {
        precondition(bytesMin > input.count, "what has arrived is not waited for")
    }
    // Bytes that follow change nothing.
    if case .refused = arrival {
        let more = Array(input) + [0]
        precondition(more.withUnsafeBytes { ClientHelloArrival.of($0) } == arrival)
    }
    guard case .complete(let hello) = arrival else { return }
    precondition(hello.cipherSuites.count * 2 <= input.count)
    precondition(hello.versions.count * 2 <= max(input.count, 6))
    precondition(hello.applicationProtocols.count <= input.count)
}
