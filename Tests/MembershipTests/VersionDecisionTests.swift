import Testing

@testable import Membership

/// Versions in short: `3.7` one of ours, `3.5*` a real etcd, `?` a member that did not answer.
private func decision(
    _ current: String?, _ members: String, downgrade: String? = nil, isRaiseWanted: Bool = false
) -> VersionDecision {
    let versions = members.split(separator: " ").map { text -> VersionDecision.MemberVersion? in
        guard let server = SemanticVersion(text.filter { $0 != "*" }) else { return nil }
        return .init(server: server, isOwn: !text.hasSuffix("*"))
    }
    return VersionDecision(
        current: current.flatMap { SemanticVersion($0) },
        downgrade: .init(isEnabled: downgrade != nil, targetVersion: downgrade ?? ""),
        members: versions, isRaiseWanted: isRaiseWanted)
}

@Suite("Version decisions")
struct VersionDecisionTests {
    @Test(
        arguments: [
            (nil, "3.7.1", "3.7.0"), (nil, "3.7.1 3.7.1 3.7.1", "3.7.0"),
            (nil, "3.7.1 ?", "3.0.0"), (nil, "3.7.1 3.5.1*", "3.5.0"),
            ("3.0.0", "3.7.1 3.7.1", "3.7.0"), ("3.0.0", "3.7.1 ?", nil),
            ("3.0.0", "3.7.1 3.5.1*", "3.5.0"), ("3.7.0", "3.7.1 3.7.1", nil),
            ("3.7.0", "3.7.1 ?", nil), ("3.7.0", "3.7.1 3.6.4*", nil),
        ] as [(String?, String, String?)])
    func agreeOnTheLowestMember(_ current: String?, _ members: String, _ next: String?) throws {
        #expect(try decision(current, members).next() == next.flatMap { SemanticVersion($0) })
    }

    @Test func keepAFormerVersionWhereAllMembersAreOurs() throws {
        #expect(try decision("3.5.0", "3.7.1").next() == nil)
        #expect(try decision("3.6.0", "3.7.1 3.7.1").next() == nil)
        #expect(
            try decision("3.5.0", "3.7.1", isRaiseWanted: true).next() == SemanticVersion(3, 7))
        // A real etcd among them would raise it as soon as it leads.
        #expect(try decision("3.5.0", "3.7.1 3.6.4*").next() == SemanticVersion(3, 6))
        #expect(try decision("3.5.0", "3.7.1 3.5.1*").next() == nil)
    }

    @Test func lowerTheVersionForADowngradeAtOnce() throws {
        #expect(
            try decision("3.7.0", "3.7.1 3.7.1", downgrade: "3.6.0").next()
                == SemanticVersion(3, 6))
        #expect(try decision("3.6.0", "3.7.1", downgrade: "3.6.0").next() == nil)
        #expect(try decision("3.7.0", "3.7.1 ?", downgrade: "3.6.0").next() == nil)
        for target in ["3.5.0", "3.8.0", "nonsense"] {
            #expect(throws: VersionDecision.InvalidDowngrade.self) {
                try decision("3.7.0", "3.7.1", downgrade: target).next()
            }
        }
        #expect(throws: VersionDecision.InvalidDowngrade.self) {
            try decision("3.7.0", "3.7.1 3.6.1*", downgrade: "3.6.0").next()
        }
    }

    @Test func seeWhenADowngradeIsDone() {
        let target = SemanticVersion(3, 6)
        #expect(decision("3.6.0", "3.6.4* 3.6.0*").haveAllReached(target))
        #expect(!decision("3.6.0", "3.6.4* 3.7.1").haveAllReached(target))
        #expect(!decision("3.6.0", "3.6.4* ?").haveAllReached(target))
    }
}
