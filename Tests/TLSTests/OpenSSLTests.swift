import NIOCore
import TestSupport
import Testing

@testable import TLS

/// Certificates and clients of OpenSSL.
@Suite("OpenSSL", .enabled(if: installedProgram("openssl") != nil))
struct OpenSSLTests {
    private let files: Files

    init() throws {
        files = try Files()
        try run(
            """
            ecparam -name prime256v1 -genkey -noout -out ca.key
            req -x509 -new -key ca.key -subj '/CN=test ca' -days 2 -out ca.crt \
            -addext basicConstraints=critical,CA:TRUE
            """)
    }

    /// Commands of openssl, one a line.
    private func run(_ commands: String) throws {
        for command in commands.split(separator: "\n") {
            let result = try ProcessResult(
                shell: "cd '\(files.directory.path)' && openssl \(command)")
            guard result.status == 0 else { throw TestSupportError("\(command)\n\(result.output)") }
        }
    }

    /// Makes `name.crt` of the authority for `name.key`.
    private func issue(_ name: String, digest: String = "-sha256") throws {
        try files.write("\(name).ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        try run(
            """
            req -new -key \(name).key -subj '/CN=\(name)' -out \(name).csr
            x509 -req -in \(name).csr -CA ca.crt -CAkey ca.key -days 1 \(digest) \
            -set_serial 0x415 -extfile \(name).ext -out \(name).crt
            """)
    }

    private func configuration(_ name: String) -> TLSEndpointConfiguration {
        var configuration = TLSEndpointConfiguration()
        configuration.certificateFile = files.path("\(name).crt")
        configuration.keyFile = files.path("\(name).key")
        configuration.trustedCAFile = files.path("ca.crt")
        return configuration
    }

    private func makeServer() throws {
        try run("ecparam -name prime256v1 -genkey -out srv.key")
        try issue("srv")
    }

    @Test func keysOfAllForms() throws {
        try run(
            """
            genrsa -traditional -out rsa.key 2048
            rsa -in rsa.key -aes128 -passout pass:x -traditional -out encrypted.key
            pkcs8 -topk8 -in rsa.key -passout pass:x -out encrypted8.key
            """)
        try issue("rsa")
        _ = try TLSServer(configuration("rsa"))
        for key in ["encrypted", "encrypted8"] {
            var configuration = configuration("rsa")
            configuration.keyFile = files.path("\(key).key")
            #expect {
                try TLSServer(configuration)
            } throws: { error in
                "\(error)".hasPrefix("tls: failed to parse private key: asn1: ")
            }
        }
        // Parameters in front of the key.
        try makeServer()
        _ = try TLSServer(configuration("srv"))
    }

    /// etcd starts with these, but no client can connect; BoringSSL takes neither.
    @Test func certificatesThatBoringSSLCannotUse() throws {
        try run("ecparam -name secp224r1 -genkey -noout -out p224.key")
        try issue("p224")
        #expect(throws: TLSConfigurationError("tls: unsupported certificate curve (P-224)")) {
            try TLSServer(configuration("p224"))
        }
        try files.write("ext", "keyUsage=keyCertSign\n")
        try run(
            """
            ecparam -name prime256v1 -genkey -noout -out usage.key
            req -new -key usage.key -subj '/CN=usage' -out usage.csr
            x509 -req -in usage.csr -CA ca.crt -CAkey ca.key -set_serial 1 -extfile ext \
            -out usage.crt
            """)
        #expect(
            throws: TLSConfigurationError(
                "tls: certificate cannot be used for TLS (key usage without digitalSignature?)")
        ) { try TLSServer(configuration("usage")) }
    }

    @Test func shortKeysOfRSA() async throws {
        try makeServer()
        try run("genrsa -out short.key 1024")
        try issue("short")
        let server = try TLSServer(configuration("srv"))
        let client = try TLSClient(configuration("short"), applicationProtocols: ["h2"])
        let result = try await handshake(server, client)
        #expect(result.refusal == nil)
        #expect(result.certificate?.commonName == "short")
        let other = try await handshake(TLSServer(configuration("short")), client)
        #expect(other.clientError == nil)
    }

    @Test func authoritiesOfShortKeys() async throws {
        try run(
            """
            genrsa -out ca.key 1024
            req -x509 -new -key ca.key -subj '/CN=test ca' -days 2 -out ca.crt \
            -addext basicConstraints=critical,CA:TRUE
            """)
        try makeServer()
        let server = try TLSServer(configuration("srv"))
        let client = try TLSClient(configuration("srv"), applicationProtocols: [])
        #expect(try await handshake(server, client).refusal == nil)
    }

    @Test(arguments: ["-sha256", "-sha384", "-sha512"])
    func signaturesOfRSAPSS(_ digest: String) async throws {
        try run(
            """
            genrsa -out ca.key 2048
            req -x509 -new -key ca.key -subj '/CN=test ca' -days 2 -out ca.crt \
            -addext basicConstraints=critical,CA:TRUE
            """)
        try run("ecparam -name prime256v1 -genkey -out srv.key")
        try issue(
            "srv", digest: "\(digest) -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1")
        let server = try TLSServer(configuration("srv"))
        let client = try TLSClient(configuration("srv"), applicationProtocols: [])
        #expect(try await handshake(server, client).refusal == nil)
    }

    @Test func signaturesOfSHA1() async throws {
        try makeServer()
        try run("ecparam -name prime256v1 -genkey -out old.key")
        try issue("old", digest: "-sha1")
        let server = try TLSServer(configuration("srv"))
        let client = try TLSClient(configuration("old"), applicationProtocols: ["h2"])
        #expect(
            try await handshake(server, client).refusal
                == "tls: failed to verify certificate: x509: certificate signed by unknown "
                + "authority (possibly because of \"x509: cannot verify signature: insecure "
                + "algorithm ECDSA-SHA1\" while trying to verify candidate authority certificate "
                + "\"test ca\")")
    }

    @Test func listsOfOpenSSL() async throws {
        try makeServer()
        try files.write("index.txt", "")
        try files.write("crlnumber", "01\n")
        try files.write(
            "ca.cnf",
            """
            [ca]
            default_ca = d
            [d]
            database = index.txt
            crlnumber = crlnumber
            default_md = sha256
            default_crl_days = 1
            """)
        try run(
            """
            ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke srv.crt -crl_reason keyCompromise
            ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out crl.pem
            crl -in crl.pem -outform DER -out crl.der
            """)
        let list = try RevocationList(FileContents.read(files.path("crl.der")))
        #expect(list.serialNumbers == [[0x04, 0x15]])
        #expect(throws: X509Error("x509: malformed crl")) {
            try RevocationList(FileContents.read(files.path("crl.pem")))
        }
    }

    /// Connects twice with one session, and puts a revocation list into place in between.
    private static let resumption = """
        import shutil, socket, ssl, sys, time
        port, certificate, version, new, crl = sys.argv[1:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(certificate + ".crt", certificate + ".key")
        context.maximum_version = context.minimum_version = getattr(ssl.TLSVersion, version)
        def connect(session):
            raw = socket.create_connection(("127.0.0.1", int(port)))
            with context.wrap_socket(raw, session=session) as connection:
                try:
                    data = connection.recv(100)
                except OSError:
                    data = b""
                return connection.session, connection.session_reused, len(data)
        session, reused, count = connect(None)
        print(reused, count)
        print(*connect(session)[1:])
        shutil.copy(new, crl)
        time.sleep(0.15)
        print(*connect(session)[1:])
        """

    @Test(.enabled(if: installedProgram("python3") != nil), arguments: ["TLSv1_2", "TLSv1_3"])
    func resumedSessionsAreCheckedAgain(_ version: String) async throws {
        try makeServer()
        var configuration = configuration("srv")
        configuration.revocationListFile = try files.write(
            "crl.der", RevocationListBuilder().build([]))
        let revoked = try files.write("new.der", RevocationListBuilder().build([[0x04, 0x15]]))
        let listener = try await TestListener(TLSServer(configuration))
        let result = try ProcessResult(
            "python3",
            [
                "-c", Self.resumption, String(listener.port), files.path("srv"), version, revoked,
                configuration.revocationListFile,
            ])
        #expect(result.output == "False 6\nTrue 6\nTrue 0\n", "\(result.errors)")
        for _ in 0..<2 {
            guard case .success(let certificate) = await listener.next() else {
                Issue.record("the first connections are good")
                return
            }
            #expect(certificate?.commonName == "srv")
        }
        guard case .failure(let refusal) = await listener.next() else {
            Issue.record("the last connection is refused")
            return
        }
        #expect(refusal.text == "transport: certificate serial 0415 revoked")
        await listener.close()
    }

    @Test func clientsOfOpenSSL() async throws {
        try makeServer()
        let listener = try await TestListener(TLSServer(configuration("srv")))
        for version in ["-tls1_2", "-tls1_3"] {
            let result = try ProcessResult(
                shell: "cd '\(files.directory.path)' && sleep 0.5 | openssl s_client -connect "
                    + "127.0.0.1:\(listener.port) -cert srv.crt -key srv.key -CAfile ca.crt "
                    + "-verify_return_error -alpn h2 \(version)")
            #expect(result.output.contains("Verify return code: 0 (ok)"))
            #expect(result.output.contains("ALPN protocol: h2"))
            // The names of the trusted certificates.
            #expect(result.output.contains("CN = test ca"))
            #expect(try await listener.next().get()?.commonName == "srv")
        }
        await listener.close()
    }
}
