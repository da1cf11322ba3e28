import Disk
import EtcdAPI
import Testing

@testable import Auth

@Suite("Permissions on keys")
struct CoverageTests {
    /// As recorded of etcd 3.7.1.
    @Test(
        arguments: [
            // User, key, range end, whether it may be read.
            ("reader", "a", "b", true), ("reader", "a1", "a5", true), ("reader", "a1", "", true),
            ("reader", "b", "", false), ("reader", "`", "b", false), ("reader", "a", "b\0", false),
            ("reader", "a", "\0", false), ("reader", "\0", "\0", false),
            ("reader", "a5", "a1", true), ("reader", "a5", "a5", true),
            ("reader", "z", "y", false), ("from", "m", "\0", true), ("from", "zzz", "\0", true),
            ("from", "n", "o", true), ("from", "m", "\u{7f}\u{7f}", true),
            ("from", "l", "\0", false), ("point", "p", "", true), ("point", "p", "p\0", true),
            ("point", "p", "\0", false), ("point", "p\0", "", false),
            ("union", "k1", "k5", true), ("union", "k1", "k7", true), ("union", "k1", "k8", false),
            ("union", "k2", "k4", true), ("all", "\0", "\0", true), ("all", "anything", "", true),
            ("all", "a", "z", true), ("bad", "a1", "", false), ("none", "a", "", false),
        ])
    func rangesAreCoveredByTheUnionOfGrants(
        user: String, key: String, end: String, isPermitted: Bool
    ) throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.user("reader", [(0, "a", "b")])
        try fixture.user("from", [(2, "m", "\0")])
        try fixture.user("point", [(2, "p", "")])
        try fixture.user("union", [(0, "k1", "k3"), (0, "k4", "k7"), (0, "k3", "k5")])
        try fixture.user("all", [(2, "\0", "\0")])
        try fixture.user("bad", [(9, "a", "b")])
        try fixture.userAdd("none")
        let error = fixture.authorization(of: user).error(.read, key, end)
        #expect(error == (isPermitted ? nil : .permissionDenied))
    }

    @Test func readAndWriteAreSeparate() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.user("a", [(0, "a", "c"), (1, "b", "d")])
        let authorization = fixture.authorization(of: "a")
        #expect(authorization.error(.read, "a", "c") == nil)
        #expect(authorization.error(.write, "a") == .permissionDenied)
        #expect(authorization.error(.write, "b", "d") == nil)
        #expect(authorization.error(.read, "a", "d") == .permissionDenied)
    }

    /// A stored role may have permissions that cannot be granted any more.
    @Test func permissionsWithoutKeysGiveNothing() {
        let permissions = [
            AuthPermission(.read, key: [], rangeEnd: [0]),
            AuthPermission(.read, key: bytes("z"), rangeEnd: bytes("a")),
            AuthPermission(.read, key: bytes("c"), rangeEnd: bytes("c")),
        ]
        let intervals = KeyIntervals(of: permissions)
        #expect(intervals == KeyIntervals())
        #expect(!intervals.covers(bytes("c")[...], []) && !intervals.covers([], []))
    }

    @Test func neighboursAreMerged() {
        let permissions = [("b", "c"), ("a", "b"), ("c", "e"), ("d", ""), ("f", "")].map {
            AuthPermission(.read, key: bytes($0), rangeEnd: bytes($1))
        }
        #expect(KeyIntervals(of: permissions).boundaryCount == 4)
        let open = permissions + [AuthPermission(.read, key: bytes("e"), rangeEnd: [0])]
        #expect(KeyIntervals(of: open).boundaryCount == 1)
    }

    /// Against a model that knows each key of a small space by itself.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func mergedIntervalsCoverWhatEachKeyIsCoveredBy(seed: UInt64) {
        var keys = KeySpace(seed: seed)
        let permissions = (0..<Int.random(in: 0...12, using: &keys.generator)).map { _ in
            AuthPermission(.read, key: keys.key(), rangeEnd: keys.end())
        }
        let intervals = KeyIntervals(of: permissions)
        for _ in 0..<2_000 {
            let (key, end) = (keys.requestedKey(), keys.end())
            let expected = keys.covers(permissions, key, end)
            #expect(
                intervals.covers(key[...], end[...]) == expected,
                "seed \(seed): \(key) to \(end) in \(permissions)")
        }
    }
}

/// Keys of up to two bytes out of three after a common prefix, and ranges between them.
private struct KeySpace {
    var generator: SeededGenerator
    private let prefix: [UInt8]
    private let all: [[UInt8]]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let prefix = [UInt8](repeating: 9, count: Int(seed % 10))
        self.prefix = prefix
        all = Self.suffixes.map { prefix + $0 }
    }

    /// All keys, and the ends of ranges of one key: a gap between permissions starts at one of
    /// them.
    private static let suffixes: [[UInt8]] = {
        let short = (1...3).map { [UInt8($0)] }
        let long = short.flatMap { first in (1...3).map { first + [UInt8($0)] } }
        let both = short + long
        return both + both.map { $0 + [0] }
    }()

    mutating func key() -> [UInt8] {
        prefix
            + (0..<Int.random(in: 1...2, using: &generator)).map { _ in
                UInt8.random(in: 1...3, using: &generator)
            }
    }

    /// A key that may not start as the others do.
    mutating func requestedKey() -> [UInt8] {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: [UInt8.random(in: 1...15, using: &generator)]
        case 1: prefix.dropLast() + [UInt8.random(in: 1...15, using: &generator)]
        default: key()
        }
    }

    mutating func end() -> [UInt8] {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: []
        case 1: [0]
        case 2: key() + [0]
        default: key()
        }
    }

    /// Whether a permission covers a key; nil is a key after all others.
    private func covers(_ permission: AuthPermission, _ key: [UInt8]?) -> Bool {
        guard let key else { return permission.rangeEnd == [0] }
        if permission.rangeEnd.isEmpty { return permission.key == key }
        guard !key.lexicographicallyPrecedes(permission.key) else { return false }
        return permission.rangeEnd == [0] || key.lexicographicallyPrecedes(permission.rangeEnd)
    }

    func covers(_ permissions: [AuthPermission], _ key: [UInt8], _ end: [UInt8]) -> Bool {
        var asked: [[UInt8]?] = [key]
        if end == [0] {
            asked += all.filter { !$0.lexicographicallyPrecedes(key) } + [nil]
        } else if !end.isEmpty {
            asked += all.filter {
                !$0.lexicographicallyPrecedes(key) && $0.lexicographicallyPrecedes(end)
            }
        }
        return asked.allSatisfy { key in permissions.contains { covers($0, key) } }
    }
}
