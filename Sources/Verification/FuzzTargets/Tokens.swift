internal import Auth
internal import Credentials
internal import EtcdAPI
internal import Identifiers
internal import MonotonicClock

/// Reads the input as a token, as the two parts of a signed token, as the name of a user in one, and
/// as a stored password.
package func fuzzTokens(_ input: UnsafeRawBufferPointer) {
    let bytes = [UInt8](input)
    let text = String(decoding: bytes, as: UTF8.self)
    if let written = CredentialParsers.simpleToken(text) {
        precondition(written == text, "a simple token has one text")
    }
    for tokens in allTokens { _ = tokens.owner(of: text) }
    let split = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    _ = CredentialParsers.owner(
        header: Array(bytes[..<split]), claims: Array(bytes[split...].dropFirst()))
    let user = AuthName(text)
    let claims = CredentialParsers.claims(user: user, revision: UInt64(bytes.count))
    precondition(
        CredentialParsers.owner(header: Array(#"{"alg":"HS256"}"#.utf8), claims: claims)
            == .user(user, revision: UInt64(bytes.count)), "claims survive")
    _ = CredentialParsers.isBcrypt(bytes)
}

/// Holders of simple tokens and of signed ones.
private let allTokens: [any TokenProvider] = {
    let simple = SimpleTokens(
        timeToLive: .seconds(300), appliedIndex: { 7 }, now: { .zero })
    let methods: [SigningMethod] = [.hs256, .hs384, .hs512]
    let signed = methods.compactMap { method in
        try? SignedTokens(
            method, privateFile: Array("secret".utf8), publicFile: [],
            unixSeconds: { 1_800_000_000 })
    }
    return [simple] + signed
}()

/// Reads the input as the key files of signed tokens, for each type of key.
package func fuzzTokenKeys(_ input: UnsafeRawBufferPointer) {
    let file = [UInt8](input)
    for method in [SigningMethod.rs256, .ps512, .es256, .es384, .es512, .edDSA] {
        for (own, shared) in [(file, []), ([], file), (file, file)] {
            let tokens = try? SignedTokens(
                method, privateFile: own, publicFile: shared, unixSeconds: { 0 })
            _ = tokens?.owner(of: "e30.e30.AAAA")
        }
    }
}
