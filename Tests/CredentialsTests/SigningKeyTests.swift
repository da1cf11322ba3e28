import EtcdAPI
import Testing

@testable import Credentials

/// Key files, with the texts recorded of etcd 3.7.1 and those of golang-jwt.
@Suite("Keys of signed tokens")
struct SigningKeyTests {
    private typealias Keys = TokenVectors

    private func key(
        _ method: SigningMethod, privateKey: String = "", publicKey: String = ""
    ) throws(SigningKeyError) -> SigningKey {
        try SigningKey(
            method, privateFile: Array(privateKey.utf8), publicFile: Array(publicKey.utf8))
    }

    private func error(
        _ method: SigningMethod, privateKey: String = "", publicKey: String = ""
    ) -> String? {
        do throws(SigningKeyError) {
            _ = try key(method, privateKey: privateKey, publicKey: publicKey)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func keyIsReadInAllForms() throws {
        let text = Array("text".utf8)
        let signature = try key(.rs256, privateKey: Keys.rsa).sign(text, .rs256)
        for form in [Keys.rsa, Keys.rsaPKCS1] {
            #expect(try key(.rs256, privateKey: form).isValid(signature, for: text, .rs256))
            #expect(try !key(.rs256, privateKey: form).isVerifyOnly)
        }
        for form in [Keys.rsaPublic, Keys.rsaPublicPKCS1, Keys.rsaCertificate] {
            #expect(try key(.rs256, publicKey: form).isValid(signature, for: text, .rs256))
            #expect(try key(.rs256, publicKey: form).isVerifyOnly)
            #expect(error(.rs256, privateKey: Keys.rsa, publicKey: form) == nil)
        }
        let elliptic = try key(.es256, privateKey: Keys.p256).sign(text, .es256)
        #expect(elliptic.count == 64)
        for form in [Keys.p256, Keys.p256SEC1] {
            #expect(try key(.es256, privateKey: form).isValid(elliptic, for: text, .es256))
        }
        for form in [Keys.p256Public, Keys.p256Certificate] {
            #expect(try key(.es256, publicKey: form).isValid(elliptic, for: text, .es256))
        }
    }

    @Test func textAroundTheFirstBlockIsSkipped() {
        let file = "a comment\n" + Keys.rsa + "\nanother\n" + Keys.rsaPublic
        #expect(error(.rs256, privateKey: file) == nil)
        // The first block counts.
        #expect(
            error(.rs256, privateKey: Keys.rsaPublic + "\n" + Keys.rsa)?
                .hasPrefix("asn1: structure error: tags don't match") == true)
    }

    @Test func smallKeysOfRSAAreAccepted() throws {
        let small = try key(.rs256, privateKey: Keys.rsa1024, publicKey: Keys.rsa1024Public)
        let signature = try small.sign([1, 2, 3], .rs256)
        #expect(small.isValid(signature, for: [1, 2, 3], .rs256))
    }

    @Test func missingAndMismatchedKeys() {
        for method in SigningMethod.allCases {
            #expect(error(method) == "auth: missing key data")
        }
        #expect(error(.hs256, publicKey: Keys.secret) == "auth: missing key data")
        let mismatch = "auth: public and private keys don't match"
        #expect(error(.rs256, privateKey: Keys.rsa, publicKey: Keys.rsa1024Public) == mismatch)
        #expect(error(.es256, privateKey: Keys.p256, publicKey: Keys.p384Public) == mismatch)
        #expect(error(.es256, privateKey: Keys.p256, publicKey: Keys.p256Public) == nil)
        #expect(error(.edDSA, privateKey: Keys.ed25519, publicKey: Keys.ed25519Public) == nil)
    }

    @Test(arguments: [
        (SigningMethod.rs256, "hello", "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"),
        (.ps512, "hello", "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"),
        (
            .rs256, TokenVectors.p256SEC1,
            "x509: failed to parse private key (use ParseECPrivateKey instead for this key format)"
        ),
        (.rs256, TokenVectors.p256, "key is not a valid RSA private key"),
        (.es256, TokenVectors.rsa, "key is not a valid ECDSA private key"),
        (
            .es256, TokenVectors.rsaPKCS1,
            "x509: failed to parse private key (use ParsePKCS1PrivateKey instead for this key format)"
        ),
        (.edDSA, TokenVectors.rsa, "key is not a valid Ed25519 private key"),
        (.edDSA, TokenVectors.p256, "key is not a valid Ed25519 private key"),
    ])
    func wrongPrivateKeyIsRefused(method: SigningMethod, file: String, text: String) {
        #expect(error(method, privateKey: file) == text)
    }

    @Test(arguments: [
        (SigningMethod.rs256, "hello", "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"),
        (.rs256, TokenVectors.p256Public, "key is not a valid RSA public key"),
        (.es256, TokenVectors.rsaPublic, "key is not a valid ECDSA public key"),
        (.es256, TokenVectors.rsaCertificate, "key is not a valid ECDSA public key"),
        (.edDSA, TokenVectors.rsaPublic, "key is not a valid Ed25519 public key"),
    ])
    func wrongPublicKeyIsRefused(method: SigningMethod, file: String, text: String) {
        #expect(error(method, publicKey: file) == text)
    }

    /// etcd starts with a key of another curve; logins fail.
    @Test func keyOfAnotherCurveNeitherSignsNorVerifies() throws {
        for file in [Keys.p384, Keys.p224] {
            let other = try key(.es256, privateKey: file)
            #expect(throws: EtcdError.signingKeyInvalid) { try other.sign([1], .es256) }
            #expect(!other.isValid(Array(repeating: 1, count: 64), for: [1], .es256))
        }
        let verifier = try key(.es256, publicKey: Keys.p521Public)
        #expect(throws: EtcdError.verifyOnlyKey) { try verifier.sign([1], .es256) }
    }
}
