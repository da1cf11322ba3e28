import Base64
import Bolt
import EtcdAPI
import Testing

@testable import Auth

@Suite("Stored users and roles")
struct StoredRecordTests {
    private func expectMalformed(
        _ bucket: [UInt8], _ key: [UInt8], _ value: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var fixture = try AuthFixture()
        fixture.batch.put(bucket: bucket, key: key, value: value)
        #expect(
            throws: AuthRestoreError.malformedRecord(key: key), sourceLocation: sourceLocation
        ) {
            try fixture.restarted()
        }
    }

    @Test func aNewDatabaseHasNoUsers() throws {
        var fixture = try AuthFixture()
        let store = try fixture.restarted()
        #expect(store.revision == 1 && !store.isEnabled && store.snapshot.users.isEmpty)
    }

    @Test func damagedRecordsAreErrors() throws {
        for bucket in [AuthBucket.users, AuthBucket.roles] {
            try expectMalformed(bucket, bytes("a"), [0xFF])
            try expectMalformed(bucket, bytes("a"), [])
            try expectMalformed(bucket, bytes("a"), [10, 1, 0x62])
            try expectMalformed(bucket, [0xFF], [10, 1, 0xFF])
        }
        try expectMalformed(AuthBucket.users, bytes("a"), [10, 1, 0x61, 26, 1, 0xFF])
        try expectMalformed(AuthBucket.roles, bytes("a"), [10, 1, 0x61, 18, 2, 8])
    }

    @Test func damagedStatesAreErrors() throws {
        for value in [[], [2], [1, 1]] as [[UInt8]] {
            try expectMalformed(AuthBucket.auth, AuthBucket.enabled, value)
        }
        for count in [0, 7, 9] {
            try expectMalformed(
                AuthBucket.auth, AuthBucket.revision, [UInt8](repeating: 1, count: count))
        }
    }

    @Test func aRevisionThatWasNeverStoredIsOne() throws {
        var fixture = try AuthFixture()
        fixture.batch.put(
            bucket: AuthBucket.auth, key: AuthBucket.revision,
            value: [UInt8](repeating: 0, count: 8))
        #expect(try fixture.restarted().revision == 1)
    }

    /// Users of etcd before 3.4 have no options, and keep none.
    @Test func absentOptionsStayAbsent() throws {
        let stored: [UInt8] = [10, 1, 0x61, 18, 1, 0x68]
        let user = try AuthUser(decoding: stored)
        #expect(user.options == nil && !user.hasNoPassword)
        #expect(user.encoded() == stored)
    }

    @Test func unknownKindsOfPermissionsAreKept() throws {
        let role = AuthRole(
            name: name("r"),
            permissions: [
                AuthPermission(.init(rawValue: 9), key: bytes("k")),
                AuthPermission(.init(rawValue: -1), key: bytes("k"), rangeEnd: bytes("l")),
            ])
        #expect(try AuthRole(decoding: role.encoded()) == role)
    }

    @Test(
        arguments: [
            ("", ""), ("aGk=", "hi"), ("aGl5", "hiy"), ("a\r\nGk=\n", "hi"), ("aGn=", "hi"),
            ("++//", "\u{FB}"),
        ])
    func base64IsDecodedAsByGo(text: String, expected: String) {
        let decoded = Base64.decode(text.utf8)
        #expect(text == "++//" ? decoded == [0xFB, 0xEF, 0xFF] : decoded == bytes(expected))
    }

    @Test(arguments: ["a", "aGk", "aGk==", "=", "====", "aG=k", "a===", "aGk_", "aGk= "])
    func otherTextsAreNotBase64(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
