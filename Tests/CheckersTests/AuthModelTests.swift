import Checkers
import Linearizability
import Testing

/// Users, roles and permissions as etcd has them.
@Suite("Auth model")
struct AuthModelTests {
    private static let root = ModelledCaller("root")

    /// A model with root, enabled, and a user `alice` with these permissions.
    private static func model(_ permissions: ModelledPermission...) -> AuthModel {
        var model = AuthModel()
        let changes: [AuthChange] =
            [.addUser("root"), .addRole("root"), .grantRole("root", to: "root")]
            + [.addUser("alice"), .addRole("r"), .grantRole("r", to: "alice")]
            + permissions.map { .grantPermission($0, to: "r") } + [.enable]
        for change in changes { apply(change, to: &model, by: .nobody) }
        return model
    }

    private static func apply(
        _ change: AuthChange, to model: inout AuthModel, by caller: ModelledCaller = root,
        succeeds: Bool = true
    ) {
        let succeeded = model.apply(change, by: caller)
        #expect(succeeded == succeeds, "\(change) by \(caller)")
    }

    private static func range(_ key: String, _ end: String? = nil) -> KeyRange {
        KeyRange(key: key, end: end)
    }

    @Test func enablingNeedsRootWithItsRole() {
        var model = AuthModel()
        Self.apply(.enable, to: &model, by: .nobody, succeeds: false)
        Self.apply(.addUser("root"), to: &model, by: .nobody)
        Self.apply(.enable, to: &model, by: .nobody, succeeds: false)
        Self.apply(.grantRole("root", to: "root"), to: &model, by: .nobody)
        Self.apply(.enable, to: &model, by: .nobody)
        Self.apply(.disable, to: &model, by: .nobody, succeeds: false)
        Self.apply(.disable, to: &model)
    }

    @Test func theRevisionRisesWithEachChangeAndWithDisabling() {
        var model = Self.model()
        let before = model.revision
        let unchanged: [AuthChange] = [
            .enable, .grantRole("r", to: "alice"), .listUsers, .addUser("alice"),
            .deleteUser("bob"), .revokeRole("x", from: "alice"), .deleteUser("root"),
            .deleteRole("root"), .revokeRole("root", from: "root"),
            .revokePermission(Self.range("z"), from: "r"),
        ]
        for change in unchanged { _ = model.apply(change, by: Self.root) }
        #expect(model.revision == before)
        let changing: [AuthChange] = [
            .changePassword(of: "alice"), .addUser("bob"), .deleteUser("bob"), .addRole("s"),
            .grantPermission(.init(.read, Self.range("a")), to: "s"), .deleteRole("s"), .disable,
        ]
        for change in changing { Self.apply(change, to: &model) }
        #expect(model.revision == before + UInt64(changing.count))
        Self.apply(.disable, to: &model, by: .nobody)
        #expect(model.revision == before + UInt64(changing.count))
    }

    @Test func onlyRootChangesUsers() {
        var model = Self.model()
        for caller in [.nobody, ModelledCaller("alice"), ModelledCaller("ghost")] {
            Self.apply(.addUser("bob"), to: &model, by: caller, succeeds: false)
            Self.apply(.listUsers, to: &model, by: caller, succeeds: false)
        }
        Self.apply(.addUser("bob"), to: &model, by: ModelledCaller("root", revision: 1))
    }

    @Test func aRoleThatIsDeletedIsTakenFromItsUsers() {
        var model = Self.model(.init(.readWrite, Self.range("a")))
        #expect(model.permitsRead(of: Self.range("a"), by: ModelledCaller("alice")))
        Self.apply(.deleteRole("r"), to: &model)
        Self.apply(.addRole("r"), to: &model)
        #expect(model.users["alice"] == [])
        #expect(!model.permitsRead(of: Self.range("a"), by: ModelledCaller("alice")))
    }

    @Test func aGrantReplacesOnlyTheFirstPermissionOfItsKey() {
        var model = Self.model(.init(.read, Self.range("k")), .init(.write, Self.range("k", "l")))
        Self.apply(.grantPermission(.init(.readWrite, Self.range("k", "l")), to: "r"), to: &model)
        #expect(model.roles["r"]?.map(\.kind) == [.read, .write, .readWrite])
        Self.apply(.grantPermission(.init(.write, Self.range("k")), to: "r"), to: &model)
        #expect(model.roles["r"]?.map(\.kind) == [.write, .write, .readWrite])
        Self.apply(.revokePermission(Self.range("k", "l"), from: "r"), to: &model)
        #expect(model.roles["r"]?.map(\.kind) == [.write])
    }

    @Test(
        arguments: [
            ("a", nil, true), ("b", nil, true), ("bzz", nil, true), ("d", nil, false),
            ("a", "b", true), ("a", "d", true), ("a", "d\u{0}", false), ("a", "e", false),
            ("0", "b", false), ("a", "\u{0}", false), ("m", "\u{0}", true), ("z", "\u{0}", true),
            ("l", "\u{0}", false), ("x", nil, true), ("x", "y", true), ("c", "b", true),
            ("e", "d", false),
        ] as [(String, String?, Bool)])
    func aRangeIsCoveredByTheUnionOfPermissions(key: String, end: String?, isCovered: Bool) {
        let model = Self.model(
            .init(.read, Self.range("a", "b")), .init(.readWrite, Self.range("b", "c")),
            .init(.read, Self.range("bb", "d")), .init(.read, Self.range("m", "\u{0}")))
        let range = Self.range(key, end)
        #expect(model.permitsRead(of: range, by: ModelledCaller("alice")) == isCovered)
        #expect(model.permitsRead(of: range, by: Self.root))
        #expect(!model.permitsRead(of: range, by: .nobody))
        #expect(!model.permitsRead(of: range, by: ModelledCaller("ghost")))
    }

    @Test func aTransactionNeedsThePermissionsOfAllItsParts() {
        let model = Self.model(
            .init(.write, Self.range("w", "x")), .init(.readWrite, Self.range("a", "b")))
        let alice = ModelledCaller("alice")
        func permits(_ operation: StoreOperation) -> Bool {
            model.permits(operation, by: alice) { $0 == 7 ? ["w1", "other"] : ["w1", "a1"] }
        }
        let good: [StoreOperation] = [
            .put(key: "w1", value: ""), .put(key: "a1", value: "", wantsPrevious: true),
            .put(key: "a1", value: "", lease: 8), .delete(key: "w", end: "x"),
            .delete(key: "a1", wantsPrevious: true), .range(key: "a", end: "b"),
        ]
        let bad: [StoreOperation] = [
            .put(key: "x", value: ""), .put(key: "w1", value: "", wantsPrevious: true),
            .put(key: "a1", value: "", lease: 7), .delete(key: "w", end: "x1"),
            .delete(key: "w1", wantsPrevious: true), .range(key: "w1", end: nil),
        ]
        #expect(good.allSatisfy(permits))
        #expect(permits(.transaction([], success: good, failure: good)))
        for operation in bad {
            #expect(!permits(operation))
            #expect(!permits(.transaction([], success: [operation], failure: [])))
            #expect(!permits(.transaction([], success: good, failure: [operation])))
            let nested = StoreOperation.transaction([], success: [], failure: [operation])
            #expect(!permits(.transaction([], success: good + [nested], failure: [])))
        }
        let comparison = StoreOperation.Comparison(key: "w1", .equal, .version(0))
        #expect(!permits(.transaction([comparison], success: good, failure: [])))
    }

    @Test func credentialsOfAnOldRevisionArePastAndThoseOfALaterOneOnlyWrite() {
        let model = Self.model(.init(.readWrite, Self.range("a")))
        let put = StoreOperation.put(key: "a", value: "")
        for (revision, mayRead, mayWrite) in [
            (model.revision - 1, false, false), (model.revision, true, true),
            (model.revision + 1, false, true),
        ] {
            for user in ["alice", "root"] {
                let caller = ModelledCaller(user, revision: revision)
                #expect(model.permitsRead(of: Self.range("a"), by: caller) == mayRead)
                #expect(model.permits(put, by: caller) { _ in [] } == mayWrite)
            }
        }
    }

    @Test func rootEndsAnyLeaseAtAnyRevisionAndAUserOneWhoseKeysAreItsOwn() {
        let model = Self.model(.init(.write, Self.range("a")))
        let alice = ModelledCaller("alice")
        #expect(model.permitsChange(ofLeaseWith: ["a"], by: alice))
        #expect(!model.permitsChange(ofLeaseWith: ["a", "b"], by: alice))
        #expect(model.permitsChange(ofLeaseWith: [], by: alice))
        #expect(model.permitsChange(ofLeaseWith: ["b"], by: ModelledCaller("root", revision: 1)))
        #expect(!model.permitsChange(ofLeaseWith: ["a"], by: ModelledCaller("alice", revision: 1)))
    }

    @Test func aResponseIsCheckedByTheStateThatItIsOf() throws {
        var history = AuthHistory()
        let permission = ModelledPermission(.read, Self.range("a"))
        let changes: [AuthChange] = [
            .addUser("root"), .grantRole("root", to: "root"), .addUser("alice"), .addRole("r"),
            .grantRole("r", to: "alice"), .enable, .grantPermission(permission, to: "r"),
            .revokePermission(Self.range("a"), from: "r"),
        ]
        for (offset, change) in changes.enumerated() {
            try history.apply(
                change, by: Self.root, at: .init(UInt64(10 * (offset + 1))), succeeded: true)
        }
        func mayRead(after index: UInt64) -> Bool {
            history.state(after: .init(index)).permitsRead(
                of: Self.range("a"), by: ModelledCaller("alice"))
        }
        #expect(
            [0, 59, 60, 69, 70, 79, 80, 90].map(mayRead) == [
                true, true, false, false, true, true, false, false,
            ])
        #expect(throws: Finding.self) {
            try history.apply(
                .addUser("bob"), by: ModelledCaller("alice"), at: .init(90), succeeded: true)
        }
        #expect(throws: Finding.self) {
            try history.apply(.addUser("bob"), by: Self.root, at: .init(90), succeeded: false)
        }
    }

    @Test func aRefusalWithoutReasonAndAMissingOneAreFindings() throws {
        let model = Self.model()
        let alice = ModelledCaller("alice")
        try AuthHistory.require(true, isRefused: false, "a read", by: alice, in: model)
        try AuthHistory.require(false, isRefused: true, "a read", by: alice, in: model)
        #expect(throws: Finding.self) {
            try AuthHistory.require(true, isRefused: true, "a read", by: alice, in: model)
        }
        #expect(throws: Finding.self) {
            try AuthHistory.require(false, isRefused: false, "a read", by: alice, in: model)
        }
    }
}
